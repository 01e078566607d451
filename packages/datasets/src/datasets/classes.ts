import type { SourcePicture } from './dataset.ts';

/**
 * Pictures by class, in the order in which they were given; a picture with several labels is in several.
 * @example
 * ```ts
 * import { classesOf, openFolder } from '@neurodex/datasets';
 *
 * const { pictures } = await openFolder('photos');
 * console.log([...classesOf(pictures).keys()].join()); // → bird,cat,dog
 * ```
 */
export function classesOf(pictures: readonly SourcePicture[]): Map<string, SourcePicture[]> {
  const classes = new Map<string, SourcePicture[]>();
  for (const picture of pictures) {
    for (const label of new Set(picture.labels)) {
      const members = classes.get(label);
      if (members) members.push(picture);
      else classes.set(label, [picture]);
    }
  }
  return classes;
}

/** Which classes are taken. */
export interface ClassChoice {
  /** Smaller classes are left out. */
  readonly least: number;
  /** How many classes. */
  readonly wanted: number;
}

/**
 * The largest classes first; of classes of one size, by name, code unit by code unit.
 * @example
 * ```ts
 * import { classesOf, largestClasses, openFolder } from '@neurodex/datasets';
 *
 * const { pictures } = await openFolder('photos');
 * const classes = largestClasses(classesOf(pictures), { least: 2, wanted: 2 });
 * console.log(classes.map(([name, members]) => `${name} ${members.length}`).join()); // → bird 20,cat 20
 * ```
 */
export const largestClasses = (
  classes: ReadonlyMap<string, readonly SourcePicture[]>,
  { least, wanted }: ClassChoice,
): (readonly [string, readonly SourcePicture[]])[] =>
  [...classes]
    .filter(([, members]) => members.length >= least)
    .sort(([a, m], [b, n]) => n.length - m.length || (a < b ? -1 : 1))
    .slice(0, wanted);

/** The same pictures with no other labels than those. */
export const withLabels = (pictures: readonly SourcePicture[], names: ReadonlySet<string>): SourcePicture[] =>
  pictures.map((picture) => ({ ...picture, labels: picture.labels.filter((label) => names.has(label)) }));

/** The first `most` pictures when the classes take turns, the largest first, each giving its next picture. */
export function evenly(pictures: readonly SourcePicture[], most: number): SourcePicture[] {
  if (pictures.length <= most) return [...pictures];
  const queues = largestClasses(classesOf(pictures), { least: 1, wanted: Number.POSITIVE_INFINITY }).map(
    ([, members]) => ({ members, next: 0 }),
  );
  const taken = new Set<SourcePicture>();
  while (taken.size < most) {
    const before = taken.size;
    for (const queue of queues) {
      let picture = queue.members[queue.next];
      while (picture !== undefined && taken.has(picture)) picture = queue.members[++queue.next];
      if (picture !== undefined && taken.size < most) taken.add(picture);
    }
    if (taken.size === before) break;
  }
  // Pictures without a label come last: no class speaks for them.
  for (const picture of pictures) if (taken.size < most) taken.add(picture);
  return [...taken];
}
