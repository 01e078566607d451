import { Random } from '@neurodex/autograd';
import { NeurodexError } from '@neurodex/core';
import type { Role } from '@neurodex/datasets';
import type { StoredPicture } from './picture-store.ts';
import { assignRoles, type SplitOptions } from './split.ts';

/** A picture that is decoded, whose part may be fixed. */
type RolelessPicture = Omit<StoredPicture, 'row' | 'id' | 'role'> & { readonly role?: Role };

/** Pictures with the part that each plays, in rows. @param pictures in path order @param sets of each, the place of the first one that shows the same picture */
export function withRoles(
  pictures: readonly RolelessPicture[],
  sets: readonly number[],
  { split, seed }: { readonly split: SplitOptions; readonly seed: number },
): StoredPicture[] {
  const roles = assignRoles(pictures, split, Random.stream(seed, 'split'), sets);
  return pictures.map(({ path, labels, captions, objects }, row) => ({
    row,
    id: row,
    path,
    labels,
    ...(captions === undefined ? {} : { captions }),
    ...(objects === undefined ? {} : { objects }),
    role: roles[row] ?? 'catalogue',
  }));
}

/** @param source as people call it @throws NeurodexError `source-unusable` where fewer than two pictures are in the catalogue */
export function refuseTooFew(source: string, kept: number, usable: number): void {
  if (kept >= 2) return;
  throw new NeurodexError(
    'source-unusable',
    `${source} gives ${kept === 0 ? 'no catalogue picture' : 'one catalogue picture'} of ${usable} usable picture${usable === 1 ? '' : 's'}; an index needs at least two to tell apart`,
    {
      hint: 'add pictures or classes, or lower split.retrievalFraction so that more of them are kept in the catalogue',
      details: { source, catalogue: kept, usable },
    },
  );
}
