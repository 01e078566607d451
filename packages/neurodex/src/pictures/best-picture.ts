import type { Role, SourcePicture } from '@neurodex/datasets';
import { isLossy } from '@neurodex/datasets/image';
import type { FileFacts } from './find-same.ts';

/** Where a data set has the same picture in several splits, the first of these keeps it. */
const KEEPS: readonly Role[] = ['catalogue', 'test', 'validation', 'train'];

/** The place of a role among those that keep a picture; 0 without one. */
export const roleRank = (role: Role | undefined): number => (role === undefined ? 0 : KEEPS.indexOf(role));

/** What decides which of several pictures is the best one. */
export type RatedPicture = Pick<SourcePicture, 'path' | 'labels' | 'role'>;

/**
 * The places of pictures, the best first: of the role that keeps pictures, where the data set fixes the roles; most pixels; a
 * format without a loss, then the largest file, which was compressed least; with a label; the name that sorts first. Where the size of a file is not known, that of its thumbnail counts, and 0 for its bytes.
 */
export function bestFirst(pictures: readonly RatedPicture[], files: readonly FileFacts[]): number[] {
  const pixels = files.map(({ width, height, edge }) => (width ?? edge) * (height ?? edge));
  const rank = pictures.map(({ role }) => roleRank(role));
  const lossy = files.map(({ format }) => (isLossy(format) ? 1 : 0));
  const labelled = pictures.map(({ labels }) => (labels.length > 0 ? 1 : 0));
  const of = (values: readonly number[], at: number): number => values[at] ?? 0;
  const name = (at: number): string => pictures[at]?.path ?? '';
  return pictures
    .map((_, at) => at)
    .sort(
      (a, b) =>
        of(rank, a) - of(rank, b) ||
        of(pixels, b) - of(pixels, a) ||
        of(lossy, a) - of(lossy, b) ||
        (files[b]?.bytes ?? 0) - (files[a]?.bytes ?? 0) ||
        of(labelled, b) - of(labelled, a) ||
        (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0),
    );
}
