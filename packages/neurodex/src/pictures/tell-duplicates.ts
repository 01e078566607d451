import { defined, type Reporter } from '@neurodex/core';
import type { SourcePicture } from '@neurodex/datasets';
import type { DuplicateFacts } from './duplicate-facts.ts';

/** What is known of a picture beside its pixels. */
export type KnownPicture = Pick<SourcePicture, 'path' | 'labels' | 'role'>;

/** Pictures that are listed with all their paths. */
const EXAMPLES = 20;

/** @param sets for each picture, the place of the first one that shows the same */
export function describeSets(
  pictures: readonly KnownPicture[],
  sets: readonly number[],
): Omit<DuplicateFacts, 'leftOut' | 'kinds'> {
  const members = new Map<number, KnownPicture[]>();
  for (const [at, set] of sets.entries()) {
    if (set === at) continue;
    const all = members.get(set) ?? [defined(pictures[set], 'the first picture of a set')];
    members.set(set, all);
    all.push(defined(pictures[at], 'the picture'));
  }
  const same = [...members.values()];
  const differing = (of: (picture: KnownPicture) => string): number =>
    same.filter((all) => new Set(all.map(of)).size > 1).length;
  return {
    sets: same.length,
    copies: same.reduce((sum, all) => sum + all.length - 1, 0),
    differentLabels: differing(({ labels }) => JSON.stringify([...labels].sort())),
    acrossSplits: differing(({ role }) => role ?? ''),
    examples: same.slice(0, EXAMPLES).map((all) => all.map(({ path }) => path)),
  };
}

/** Warns of pictures that occur more than once. @param splits whether some of them may be kept back as queries */
export function tellDuplicates(
  { sets, copies, differentLabels, acrossSplits, examples }: Omit<DuplicateFacts, 'leftOut' | 'kinds'>,
  reporter: Reporter,
  splits = true,
): void {
  if (sets === 0) return;
  const [first = '', copy = ''] = examples[0] ?? [];
  const files = copies === 1 ? '1 file shows' : `${copies} files show`;
  const where = splits && acrossSplits === 0 ? 'the same picture is always in one split' : '';
  reporter.warn(`${files} a picture that another file shows (${copy} is ${first})${where && `; ${where}`}`, { copies });
  if (differentLabels > 0) {
    reporter.warn(
      `${differentLabels} of these pictures ${differentLabels === 1 ? 'has' : 'have'} copies with other labels`,
      { copies },
    );
  }
  if (acrossSplits > 0) {
    reporter.warn(
      `${acrossSplits} of these pictures ${acrossSplits === 1 ? 'is' : 'are'} in several splits, because the data set fixes the roles: measures will look too good`,
      { copies },
    );
  }
}
