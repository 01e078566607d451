import { createHash } from 'node:crypto';
import { byPath } from '../catalogue/split.ts';
import type { Dataset, SourcePicture } from '../datasets/dataset.ts';

/** Pictures whose contents are compared, evenly spread: another data set under the same names shows in any of them. */
const SAMPLE = 16;

/** What tells one data set from another without reading all of it. */
export interface DatasetMark {
  readonly name: string;
  readonly source: string;
  readonly pictures: number;
  /** SHA-256 of all paths, labels and roles. */
  readonly listing: string;
  /** SHA-256 of the files of a few pictures, always the same ones; null for one that could not be read. */
  readonly contents: readonly (string | null)[];
}

export async function markOf({ name, source, pictures, remote, inputs }: Dataset): Promise<DatasetMark> {
  const sorted = [...pictures].sort(byPath);
  const listing = createHash('sha256');
  for (const { path, labels, role } of sorted) listing.update(`${JSON.stringify([path, labels, role ?? null])}\n`);
  const contents: (string | null)[] = [];
  if (remote === true && inputs !== undefined) {
    // Looking at pictures would download them, and the files that they are in have checksums.
    for (const { name: file, version } of await inputs()) listing.update(`${JSON.stringify([file, version])}\n`);
    return { name, source, pictures: sorted.length, listing: listing.digest('hex'), contents };
  }
  const step = Math.max(1, sorted.length / SAMPLE);
  for (let at = 0; at < sorted.length; at += step) {
    contents.push(await digestOf(sorted[Math.floor(at)] as SourcePicture));
  }
  return { name, source, pictures: sorted.length, listing: listing.digest('hex'), contents };
}

/** Null for a picture that cannot be read now: that is told when its turn comes, and says nothing of what it is. */
async function digestOf(picture: SourcePicture): Promise<string | null> {
  try {
    return createHash('sha256')
      .update(await picture.read())
      .digest('hex');
  } catch {
    return null;
  }
}

/** In what `now` is another data set than `before`, in words; undefined where it is the same one. */
export function otherDataset(before: DatasetMark, now: DatasetMark): string | undefined {
  const others = before.contents.some((digest, i) => (digest ?? now.contents[i]) !== (now.contents[i] ?? digest));
  if (before.listing === now.listing && !others) return undefined;
  const names = before.source === now.source ? now.source : `${now.source} instead of ${before.source}`;
  if (before.pictures !== now.pictures) return `${names}: ${now.pictures} pictures where there were ${before.pictures}`;
  return before.listing === now.listing
    ? `${names}: the same names with other pictures`
    : `${names}: as many pictures, with other names, classes or roles`;
}
