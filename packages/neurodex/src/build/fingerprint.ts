import { createHash } from 'node:crypto';
import { NeurodexError } from '@neurodex/core';
import { inOrder, throwIfInterrupted } from '@neurodex/core/storage';
import type { Dataset, InputReading, SourcePicture } from '@neurodex/datasets';
import { z } from 'zod';
import { byPath } from '../pictures/split.ts';
import { portablePath } from './portable.ts';

export const fingerprintSchema = z.object({
  /** Of the data set. */
  name: z.string(),
  /** Its last part, where it is a path: the same pictures in another place are the same data set. */
  source: z.string(),
  pictures: z.int(),
  /** SHA-256 of all that is below. */
  sha256: z.string(),
  /**
   * Every picture, and every file that pictures were read from, with 16 hexadecimal digits of the digest of its bytes and
   * of what is said of it (classes, captions, objects, role). In the order of the names.
   */
  entries: z.array(z.tuple([z.string(), z.string()])),
});

/** What tells one data set from another: all of its content, wherever it lies. */
export type Fingerprint = Readonly<z.infer<typeof fingerprintSchema>>;

const DIGITS = 16;
/** Pictures in work at a time. */
const WIDTH = 8;
/** Names that a message lists of each kind of change. */
const LISTED = 3;

const digestOf = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/**
 * Reads all of a data set that is on this machine; of one that is elsewhere, what its publisher says of the bytes.
 * @throws NeurodexError `interrupted`, and of downloads
 */
export async function fingerprintOf(dataset: Dataset, reading: InputReading = {}): Promise<Fingerprint> {
  const { name, source, pictures, inputs } = dataset;
  const versions = inputs === undefined ? undefined : new Map<string, string>();
  for (const { name: file, version } of (await inputs?.(reading)) ?? []) versions?.set(file, version);
  const sorted = [...pictures].sort(byPath);
  const entries: [string, string][] = [];
  const contentOf = async (picture: SourcePicture): Promise<[string, string]> => {
    const { path, labels, captions = null, objects = null, role = null } = picture;
    const content = versions === undefined ? await readDigest(picture) : (versions.get(path) ?? '');
    return [path, digestOf(JSON.stringify([labels, captions, objects, role]), content)];
  };
  for await (const entry of inOrder(sorted, versions === undefined ? WIDTH : 1, contentOf)) {
    throwIfInterrupted(reading.signal);
    entries.push(entry);
    if (versions === undefined)
      reading.reporter?.progress({
        phase: 'fingerprint',
        done: entries.length,
        total: sorted.length,
        unit: 'pictures',
      });
  }
  const paths = new Set(sorted.map(({ path }) => path));
  for (const [file, version] of versions ?? []) {
    if (!paths.has(file)) entries.push([portablePath(file), digestOf(version)]);
  }
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return {
    name,
    source: portablePath(source),
    pictures: sorted.length,
    sha256: digestOf(JSON.stringify(entries)),
    entries: entries.map(([entry, digest]) => [entry, digest.slice(0, DIGITS)]),
  };
}

/** A picture that cannot be read is told apart by the reason: it is left out of the index. */
async function readDigest(picture: SourcePicture): Promise<string> {
  try {
    return digestOf(await picture.read());
  } catch (error) {
    if (error instanceof NeurodexError && error.code.startsWith('picture-')) return error.code;
    throw error;
  }
}

/** The fingerprint of what is left of a data set: another one than it would have by itself, for only a part of each digest is known. */
export const withEntries = (before: Fingerprint, entries: Fingerprint['entries'], pictures: number): Fingerprint => ({
  ...before,
  pictures,
  sha256: digestOf(JSON.stringify(entries)),
  entries,
});

/** In what `now` is another data set than `before`, in words; undefined where it is the same one. */
export function otherDataset(before: Fingerprint, now: Fingerprint): string | undefined {
  if (before.name === now.name && before.sha256 === now.sha256) return undefined;
  const was = new Map(before.entries);
  const is = new Map(now.entries);
  const added = [...is.keys()].filter((name) => !was.has(name));
  const removed = [...was.keys()].filter((name) => !is.has(name));
  const changed = [...is].filter(([name, digest]) => was.has(name) && was.get(name) !== digest).map(([name]) => name);
  const words = [
    named(added, 'added'),
    named(removed, 'removed'),
    named(changed, 'changed'),
    before.name === now.name ? [] : [`it was read as ${before.name}, now as ${now.name}`],
  ].flat();
  const source = before.source === now.source ? now.source : `${now.source} instead of ${before.source}`;
  return `${source}: ${words.length === 0 ? 'other contents' : words.join(', ')}`;
}

function named(names: readonly string[], what: string): string[] {
  if (names.length === 0) return [];
  const more = names.length > LISTED ? ', …' : '';
  return [`${names.length} ${what} (${names.slice(0, LISTED).join(', ')}${more})`];
}
