import { damaged } from '@neurodex/core/storage';
import { type PictureObject, ROLES, type Role } from '@neurodex/datasets';
import { type ClusterVectors, identifiersIn } from '../identifiers/clusters.ts';
import { clusterPath, semantic } from '../identifiers/semantic.ts';
import { type PictureStore, partsOf, type StoredPicture } from '../pictures/picture-store.ts';
import { sharedLabels } from '../pictures/shared-labels.ts';
import type { CatalogueFiles } from './catalogue-files.ts';
import type { CatalogueManifest } from './catalogue-manifest.ts';
import { readable } from './readable.ts';

/** A catalogue without its pixels: enough to name answers. */
export type PictureRows = Omit<PictureStore, 'pixels' | 'pixelsOf' | 'thumbnail' | 'embeddings'>;

/** A version of a catalogue whose rows are known. */
export interface KnownRows {
  readonly manifest: CatalogueManifest;
  readonly rows: readonly StoredPicture[];
}

/**
 * Every row of a catalogue, with the identifiers that its pictures have now.
 * @param before another version, whose parts are not read again where both have them @throws NeurodexError `index-damaged`
 */
export async function readRows(files: CatalogueFiles, before?: KnownRows): Promise<PictureRows> {
  const { manifest, parts } = files;
  const { size, hasClasses, notices, skipped, duplicates } = manifest;
  const pictures: Row[] = [];
  const names = new RowNames(manifest);
  const known = before === undefined ? undefined : rowsByPart(before);
  for (const { file, reader, part } of parts) {
    const same = known?.get(part.pictures.sha256);
    if (same !== undefined) {
      for (const picture of same) pictures.push({ ...picture, row: pictures.length });
      continue;
    }
    const rows = await readable(file.path, () => reader.rows());
    if (rows.length !== part.rows) throw damaged(file.path, `has ${rows.length} rows where ${part.rows} are listed`);
    let last = part.first - 1;
    for (const row of rows) {
      const picture = toStoredPicture(row, pictures.length, file.path, names);
      if (picture.id <= last || picture.id > part.last) throw notAsListed(file.path, pictures.length);
      last = picture.id;
      pictures.push(picture);
    }
  }
  await nameRows(pictures, names, stateVectors(files, pictures));
  return {
    size,
    hasClasses,
    notices,
    skipped,
    ...partsOf(pictures),
    ...(duplicates === undefined ? {} : { duplicates }),
  };
}

/** By the digest of the part that they are in. */
function rowsByPart({ manifest, rows }: KnownRows): ReadonlyMap<string, readonly StoredPicture[]> {
  let end = 0;
  return new Map(
    manifest.parts.map(({ pictures, rows: count }) => {
      const start = end;
      end += count;
      return [pictures.sha256, rows.slice(start, end)];
    }),
  );
}

/** A row that is being read: it gets its identifier when all are there, and is not copied for it. */
type Row = { -readonly [Key in keyof StoredPicture]: StoredPicture[Key] };

/** What rows have in common: classes, and the clusters that identifiers follow from. */
class RowNames {
  readonly clusters: CatalogueManifest['clusters'];
  readonly share = sharedLabels();
  private readonly paths = new Map<string, readonly number[] | undefined>();

  constructor({ clusters }: Pick<CatalogueManifest, 'clusters'>) {
    this.clusters = clusters;
  }

  /** The path of a cluster, one for all of its pictures; undefined for a name of none. */
  path(name: string): readonly number[] | undefined {
    let path = this.paths.get(name);
    if (path === undefined) {
      path = clusterPath(name, this.clusters?.branching ?? 0);
      this.paths.set(name, path);
    }
    return path;
  }
}

/** Gives rows the identifiers that follow from their clusters, where they follow from them. @param vectors of rows */
async function nameRows(pictures: readonly Row[], names: RowNames, vectors: ClusterVectors): Promise<void> {
  const { clusters } = names;
  if (clusters === undefined) return;
  const named = pictures.filter(({ cluster }) => cluster !== undefined);
  const paths = named.map(({ cluster = '' }) => names.path(cluster) ?? []);
  const { length, of } = vectors;
  const own = { length, of: (places: readonly number[]) => of(places.map((place) => named[place]?.row ?? NaN)) };
  const identifiers = await identifiersIn(paths, own, clusters);
  const { fromTokens } = semantic(clusters.branching);
  for (const [i, picture] of named.entries()) picture.identifier = fromTokens(identifiers[i] ?? []);
}

/** The states of rows; of a catalogue without a network their ids, so that neighbours stay together. */
function stateVectors(
  { manifest: { states }, columns }: CatalogueFiles,
  pictures: readonly StoredPicture[],
): ClusterVectors {
  const { states: file } = columns;
  if (states === undefined || file === undefined) {
    return { length: 1, of: (rows) => Float32Array.from(rows, (row) => pictures[row]?.id ?? NaN) };
  }
  const { width } = states;
  return {
    length: width,
    of(rows) {
      const values = new Float32Array(rows.length * width);
      const bytes = new Uint8Array(values.buffer);
      const step = width * Float32Array.BYTES_PER_ELEMENT;
      for (const [i, row] of rows.entries()) file.readSync(bytes.subarray(i * step, (i + 1) * step), row * step);
      return values;
    },
  };
}

function toStoredPicture(value: Record<string, unknown>, row: number, file: string, names: RowNames): Row {
  const { id, path, labels, captions, objects, split, identifier, cluster } = value;
  const { clusters } = names;
  const name = clusters === undefined ? identifier : cluster;
  const other = clusters === undefined ? cluster : identifier;
  const hasName = typeof name === 'string' && (clusters === undefined || names.path(name) !== undefined);
  const sound =
    Number.isSafeInteger(id) &&
    typeof path === 'string' &&
    isTexts(labels) &&
    ((captions ?? null) === null || isTexts(captions)) &&
    ROLES.includes(split as Role) &&
    (split === 'catalogue' ? hasName : (name ?? null) === null) &&
    (other ?? null) === null;
  const seen = toObjects(objects);
  if (!sound || seen === 'damaged') throw notAsListed(file, row);
  const picture: Row = { row, id: id as number, path, labels: names.share(labels), role: split as Role };
  if (isTexts(captions)) picture.captions = captions;
  if (seen !== undefined) picture.objects = seen;
  if (typeof identifier === 'string') picture.identifier = identifier;
  if (typeof cluster === 'string') picture.cluster = cluster;
  return picture;
}

const notAsListed = (file: string, row: number) => damaged(file, `does not hold what it should in row ${row}`);

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((text) => typeof text === 'string');

function toObjects(value: unknown): PictureObject[] | 'damaged' | undefined {
  if (value === null || value === undefined) return undefined;
  if (!Array.isArray(value)) return 'damaged';
  const objects: PictureObject[] = [];
  for (const each of value as Record<string, unknown>[]) {
    const { category, bbox, area, crowd } = each ?? {};
    const isBox = Array.isArray(bbox) && bbox.length === 4 && bbox.every(Number.isFinite);
    if (typeof category !== 'string' || !isBox || !Number.isFinite(area) || typeof crowd !== 'boolean') {
      return 'damaged';
    }
    objects.push({ category, box: bbox as unknown as PictureObject['box'], area: area as number, crowd });
  }
  return objects;
}
