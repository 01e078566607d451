import { setImmediate } from 'node:timers/promises';
import { defined } from '@neurodex/core';
import { damaged, inOrder } from '@neurodex/core/storage';
import type { PictureObject } from '@neurodex/datasets';
import { ROLES, type Role } from '@neurodex/datasets/names';
import { type ClusterVectors, identifiersIn } from '../identifiers/clusters.ts';
import { clusterPath, semantic } from '../identifiers/semantic.ts';
import { type PictureStore, partsOf, type StoredPicture } from '../pictures/picture-store.ts';
import { sharedLabels } from '../pictures/shared-labels.ts';
import type { CatalogueFiles } from './catalogue-files.ts';
import type { CatalogueManifest } from './catalogue-manifest.ts';
import { readable } from './readable.ts';
import type { TableColumns } from './table.ts';

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
  const { size, hasClasses, notices, skipped, duplicates } = files.manifest;
  const names = new RowNames(files.manifest);
  const pictures = await listedRows(files, names, before);
  // As in `openArtifact`, searches have their turn between two steps.
  await setImmediate();
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

/** Every row of a catalogue as its tables have it, without the identifiers that follow from clusters. @throws NeurodexError `index-damaged` */
export const readUnnamedRows = (files: CatalogueFiles): Promise<readonly StoredPicture[]> =>
  listedRows(files, new RowNames(files.manifest));

async function listedRows(files: CatalogueFiles, names: RowNames, before?: KnownRows): Promise<Row[]> {
  const { parts } = files;
  const pictures: Row[] = [];
  const known = before === undefined ? undefined : rowsByPart(before);
  const read = async ({ file, reader, part }: CatalogueFiles['parts'][number]) => {
    const same = known?.get(part.pictures.sha256);
    return { file, part, same, columns: same === undefined ? await readable(file.path, () => reader.rows()) : {} };
  };
  for await (const { file, part, same, columns } of inOrder(parts, PARTS_AT_ONCE, read)) {
    if (same !== undefined) {
      for (const picture of same)
        pictures.push(picture.row === pictures.length ? picture : { ...picture, row: pictures.length });
      continue;
    }
    let last = part.first - 1;
    for (let at = 0; at < part.rows; at++) {
      const picture = toStoredPicture(columns, at, pictures.length, file.path, names);
      if (picture.id <= last || picture.id > part.last) throw notAsListed(file.path, pictures.length);
      last = picture.id;
      pictures.push(picture);
    }
  }
  return pictures;
}

/** Parts that are read while one is looked through. */
const PARTS_AT_ONCE = 2;

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
  private readonly known = new Map<string, Cluster | undefined>();

  constructor({ clusters }: Pick<CatalogueManifest, 'clusters'>) {
    this.clusters = clusters;
  }

  /** A cluster, one object for all of its pictures; undefined for a name of none. */
  cluster(name: string): Cluster | undefined {
    let cluster = this.known.get(name);
    if (cluster === undefined) {
      const path = clusterPath(name, this.clusters?.branching ?? 0);
      cluster = path && { name, path };
      this.known.set(name, cluster);
    }
    return cluster;
  }
}

interface Cluster {
  readonly name: string;
  readonly path: readonly number[];
}

/** Gives rows the identifiers that follow from their clusters, where they follow from them. @param vectors of rows */
async function nameRows(pictures: Row[], names: RowNames, vectors: ClusterVectors): Promise<void> {
  const { clusters } = names;
  if (clusters === undefined) return;
  const named = pictures.filter(({ cluster }) => cluster !== undefined);
  const paths = named.map(({ cluster = '' }) => names.cluster(cluster)?.path ?? []);
  const { length, of } = vectors;
  const own = { length, of: (places: readonly number[]) => of(places.map((place) => named[place]?.row ?? NaN)) };
  const identifiers = await identifiersIn(paths, own, clusters, semantic(clusters.branching).fromTokens);
  for (const [i, picture] of named.entries()) {
    const identifier = defined(identifiers[i], 'an identifier');
    if (picture.identifier === identifier) continue;
    // Rows of another version stay as they are.
    if (picture.identifier === undefined) picture.identifier = identifier;
    else pictures[picture.row] = { ...picture, identifier };
  }
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

/** @param at the place in its part @param row the place in the catalogue */
function toStoredPicture(columns: TableColumns, at: number, row: number, file: string, names: RowNames): Row {
  const id = columns.id?.[at];
  const path = columns.path?.[at];
  const labels = columns.labels?.[at];
  const captions = columns.captions?.[at];
  const split = columns.split?.[at];
  const identifier = columns.identifier?.[at];
  const cluster = columns.cluster?.[at];
  const { clusters } = names;
  const own = clusters === undefined || typeof cluster !== 'string' ? undefined : names.cluster(cluster);
  const name = clusters === undefined ? identifier : cluster;
  const other = clusters === undefined ? cluster : identifier;
  const hasName = typeof name === 'string' && (clusters === undefined || own !== undefined);
  const sound =
    Number.isSafeInteger(id) &&
    typeof path === 'string' &&
    isTexts(labels) &&
    ((captions ?? null) === null || isTexts(captions)) &&
    ROLES.includes(split as Role) &&
    (split === 'catalogue' ? hasName : (name ?? null) === null) &&
    (other ?? null) === null;
  const seen = toObjects(columns.objects?.[at]);
  if (!sound || seen === 'damaged') throw notAsListed(file, row);
  const picture: Row = { row, id: id as number, path, labels: names.share(labels), role: split as Role };
  if (isTexts(captions)) picture.captions = captions;
  if (seen !== undefined) picture.objects = seen;
  if (typeof identifier === 'string') picture.identifier = identifier;
  if (own !== undefined) picture.cluster = own.name;
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
