import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { errorCode, type Reporter } from '@neurodex/core';
import { readPicture, readPictureFile } from '@neurodex/datasets/image';
import { openPictures, type StoredPictures } from '../artifact/catalogue-store.ts';
import { readOneVersion } from '../artifact/index-files.ts';
import { CATALOGUE_FOLDER, type IndexManifest } from '../artifact/manifest.ts';
import { inspectVersion } from './inspect-index.ts';
import { type Needle, scanFile } from './scan-file.ts';

export interface VerifyOptions {
  readonly index: string;
  /** Pictures of which nothing is to be left: names, or files. */
  readonly without: readonly { readonly name: string; readonly path: string }[];
  readonly reporter: Reporter;
}

/** A place where something of a picture is left. */
export interface Trace {
  readonly picture: string;
  /** What was found. */
  readonly what: Needle['what'];
  readonly file: string;
  /** Of its first byte. */
  readonly at: number;
}

export interface Verification {
  readonly index: string;
  readonly digest: string;
  /** Rows of the catalogue, and the SHA-256 over their ids and the digests of their files, in the order of the ids. */
  readonly rows: number;
  readonly rowsDigest: string;
  /** Files that were read, and their bytes. */
  readonly files: number;
  readonly bytes: number;
  /** Files of the folder that are no part of the index. */
  readonly unlisted: readonly string[];
  /** What was looked for. */
  readonly without: readonly { readonly picture: string; readonly what: readonly Needle['what'][] }[];
  readonly traces: readonly Trace[];
}

/**
 * Reads every file of an index, compares each with its digest, and looks for what is left of pictures that are not to be there: the
 * name, and of a file its digest, its bytes, its thumbnail and the pixels that the model saw.
 * @throws NeurodexError `index-missing`, `index-damaged`
 */
export const verifyIndex = (options: VerifyOptions): Promise<Verification> =>
  readOneVersion(options.index, (manifest) => verifyVersion(manifest, options));

async function verifyVersion(
  manifest: IndexManifest,
  { index, without, reporter }: VerifyOptions,
): Promise<Verification> {
  const { digest, unlisted } = await inspectVersion(manifest, { index, verify: true, reporter });
  const store = await openPictures(join(index, CATALOGUE_FOLDER), { listed: manifest.catalogue });
  try {
    const sizes = { ...manifest.config.pictures, size: store.size };
    const wanted: { readonly picture: string; readonly needles: readonly Needle[] }[] = [];
    for (const { name, path } of without) wanted.push({ picture: name, needles: await needlesOf(name, path, sizes) });
    const traces: Trace[] = [];
    let bytes = 0;
    const digests = await store.digests();
    for (const { picture, needles } of wanted) traces.push(...inTables(store, digests, picture, needles));
    const files = await filesIn(index);
    for (const [i, file] of files.entries()) {
      const found = await scanFile(
        join(index, file),
        wanted.flatMap(({ needles }) => needles),
      ).catch((error: unknown) => {
        // Of what has been listed every file was there: a change at this moment writes and renames files of its own.
        if (errorCode(error) === 'ENOENT') return { bytes: 0, hits: [] };
        throw error;
      });
      bytes += found.bytes;
      for (const { needle, at } of found.hits) {
        const owner = wanted.find(({ needles }) => needles.includes(needle));
        traces.push({ picture: owner?.picture ?? '', what: needle.what, file, at });
      }
      reporter.progress({ phase: 'scan', done: i + 1, total: files.length, unit: 'files' });
    }
    return {
      index,
      digest,
      rows: store.rows.length,
      rowsDigest: rowsDigest(store, digests),
      files: files.length,
      bytes,
      unlisted,
      without: wanted.map(({ picture, needles }) => ({ picture, what: needles.map(({ what }) => what) })),
      traces,
    };
  } finally {
    await store.close();
  }
}

async function needlesOf(
  name: string,
  path: string,
  sizes: { readonly size: number; readonly thumbnail: number; readonly maxPixels: number },
): Promise<Needle[]> {
  const text = (what: Needle['what'], value: string): Needle => ({ what, bytes: Buffer.from(value) });
  const needles: Needle[] = [{ ...text('name', name), whole: true }];
  const bytes = await readPictureFile(path, name).catch(() => undefined);
  if (bytes === undefined) return needles;
  const sha256 = createHash('sha256').update(bytes);
  needles.push({ what: 'file', bytes }, text('digest', sha256.digest('hex')));
  // A file that is not a picture has a name and bytes all the same.
  const made = await readPicture(bytes, { ...sizes, name }).catch(() => undefined);
  if (made === undefined) return needles;
  return [...needles, { what: 'thumbnail', bytes: made.thumbnail }, { what: 'pixels', bytes: made.picture.pixels }];
}

/** What the tables say of a picture: their columns are compressed. */
function inTables(
  { rows }: StoredPictures,
  digests: readonly string[],
  picture: string,
  needles: readonly Needle[],
): Trace[] {
  const wanted = new Map(
    needles.map(({ what, bytes }) => [what, what === 'digest' ? Buffer.from(bytes).toString() : '']),
  );
  return rows.flatMap(({ path, row }) => [
    ...(path === picture ? [{ picture, what: 'name' as const, file: `row ${row}`, at: 0 }] : []),
    ...(digests[row] === wanted.get('digest') ? [{ picture, what: 'digest' as const, file: `row ${row}`, at: 0 }] : []),
  ]);
}

function rowsDigest(store: StoredPictures, digests: readonly string[]): string {
  const hash = createHash('sha256');
  for (const { id, row } of store.rows) hash.update(`${id} ${digests[row]}\n`);
  return hash.digest('hex');
}

async function filesIn(index: string): Promise<string[]> {
  const entries = await readdir(index, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(index, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}
