import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SkippedFile } from '../dataset.ts';

const XMP = /\.xmp$/i;

/** XMP files by the pictures that they lie beside. */
export interface XmpSidecars {
  /** Paths relative to the source, the nearest first: `a.jpg.xmp` before `a.xmp`. */
  of(file: string): readonly string[];
  /** What was passed over, without those that belong to a picture. */
  readonly skipped: SkippedFile[];
}

/**
 * Which of the files that are no pictures are sidecars: `a.jpg.xmp` says something of `a.jpg` alone, `a.xmp` of every picture called
 * `a` beside it.
 * @param files paths of pictures
 */
export function xmpSidecarsOf(files: readonly string[], skipped: readonly SkippedFile[]): XmpSidecars {
  const byName = new Map<string, string>();
  for (const { path } of skipped) if (XMP.test(path)) byName.set(path.replace(XMP, ''), path);
  const of = (file: string): string[] =>
    byName.size === 0 ? [] : [file, file.replace(/\.[^./]+$/, '')].flatMap((name) => byName.get(name) ?? []);
  const used = byName.size === 0 ? new Set<string>() : new Set(files.flatMap(of));
  return { of, skipped: skipped.filter(({ path }) => !used.has(path)) };
}

/**
 * Those of a picture file by itself. @param path of the picture
 * @example
 * ```ts
 * import { readFileSync, writeFileSync } from 'node:fs';
 * import { readMetadata, sidecarsBeside } from '@neurodex/datasets';
 *
 * const keywords = (word: string) => `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:subject><rdf:Bag><rdf:li>${word}</rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>`;
 * writeFileSync('cat.xmp', keywords('tabby'));
 * const { metadata } = await readMetadata(readFileSync('cat.jpg'), await sidecarsBeside('cat.jpg'));
 * console.log(metadata.keywords?.join()); // → tabby
 * ```
 */
export const sidecarsBeside = (path: string): Promise<readonly Uint8Array[]> =>
  readXmpSidecars('', [`${path}.xmp`, `${path.replace(/\.[^./\\]+$/, '')}.xmp`]);

/** Bytes of a sidecar that is read. */
const LARGEST = 4 << 20;

/** Those that can be read: a picture does without the others. */
export async function readXmpSidecars(source: string, paths: readonly string[]): Promise<readonly Uint8Array[]> {
  const read = await Promise.all(paths.map((path) => readFile(join(source, path)).catch(() => undefined)));
  return read.flatMap((bytes) => (bytes === undefined ? [] : [bytes.subarray(0, LARGEST + 1)]));
}
