import type { Random } from '@neurodex/autograd';
import type { Dataset, Role, SourcePicture } from '@neurodex/datasets';
import { byPath } from '../pictures/split.ts';

/** Queries of a kind that a sample takes at most, where the data set says which pictures are queries. */
const MOST_QUERIES = 2000;

/** Pictures of a role that the index of a sample is made from, at most. @param sample catalogue pictures */
const mostOf = (role: Role, sample: number): number =>
  role === 'catalogue' || role === 'train' ? sample : MOST_QUERIES;

/**
 * Pictures that the shared network learns from and is measured with, drawn at random. Where the data set says which part each picture
 * plays, so many of each part; else so many in all, which the build then divides.
 * @param sample pictures at most
 */
export function sampleOf(dataset: Dataset, sample: number, random: Random): SourcePicture[] {
  const pictures = [...dataset.pictures].sort(byPath);
  const chosen: SourcePicture[] = [];
  const roles = new Map<Role | undefined, SourcePicture[]>();
  for (const picture of pictures) {
    const same = roles.get(picture.role);
    if (same === undefined) roles.set(picture.role, [picture]);
    else same.push(picture);
  }
  for (const [role, same] of [...roles].sort(([a], [b]) => ((a ?? '') < (b ?? '') ? -1 : 1))) {
    const most = role === undefined ? sample : mostOf(role, sample);
    chosen.push(...(same.length <= most ? same : random.shuffled(same).slice(0, most)));
  }
  return chosen.sort(byPath);
}
