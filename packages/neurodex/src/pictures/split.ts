import type { Random } from '@neurodex/autograd';
import { defined, NeurodexError } from '@neurodex/core';
import type { Role, SourcePicture } from '@neurodex/datasets';

export interface SplitOptions {
  /** Share of each class that becomes queries, in [0, 1]. */
  readonly retrievalFraction: number;
  /** Shares of the query pictures, in [0, 1], together at most 1. */
  readonly validationFraction: number;
  readonly testFraction: number;
}

type Splittable = Pick<SourcePicture, 'path' | 'labels' | 'role'>;

/** Code unit by code unit: the same on every machine, whatever its locale. */
export const byPath = (a: { readonly path: string }, b: { readonly path: string }): number =>
  a.path < b.path ? -1 : a.path > b.path ? 1 : 0;

/**
 * The part each picture plays, in the order of `pictures`; it depends on the paths and labels and on `random`, not on
 * that order.
 *
 * A data set that fixes the roles is taken at its word. Without labels everything is catalogue. Otherwise each class of
 * n pictures gives max(1, ⌊n·(1 − retrievalFraction)⌋) to the catalogue and the rest to the queries, so that every query
 * has a relevant picture; then the queries are divided, each class as evenly as whole pictures allow. With three
 * queries or more, every split whose fraction is above zero has one.
 * @param sets for each picture, the place of the first one that shows the same: they play one part, and n counts them as
 *   one picture with the labels of all. Every picture is one of its own by default.
 * @throws NeurodexError `source-unusable` when only some pictures have a role, `config-invalid` for impossible fractions
 */
export function assignRoles(
  pictures: readonly Splittable[],
  options: SplitOptions,
  random: Random,
  sets: readonly number[] = pictures.map((_, i) => i),
): Role[] {
  checkFractions(options);
  const fixed = fixedRoles(pictures);
  if (fixed) return fixed;

  const units = unitsOf(pictures, sets);
  const roles = new Map<string, Role>();
  const queriesByClass: string[][] = [];
  for (const members of strata([...units.values()])) {
    const shuffled = random.shuffled(members);
    const kept = catalogueShare(members.length, options.retrievalFraction);
    for (const path of shuffled.slice(0, kept)) roles.set(path, 'catalogue');
    queriesByClass.push(shuffled.slice(kept));
  }
  for (const path of withoutRelevant([...units.values()], roles)) roles.set(path, 'catalogue');
  // Which classes' queries are held out must not follow the alphabet.
  const queries = random.shuffled(queriesByClass.map((paths) => paths.filter((path) => !roles.has(path)))).flat();
  const { heldOut, test } = splitSizes(queries.length, options);
  let taken = 0;
  queries.forEach((path, i) => {
    if (!isMarked(i, heldOut, queries.length)) roles.set(path, 'train');
    else roles.set(path, isMarked(taken++, test, heldOut) ? 'test' : 'validation');
  });
  return sets.map((set) => roles.get(units.get(set)?.path ?? '') ?? 'catalogue');
}

/** Pictures that show the same, as one. */
interface Unit extends Splittable {
  /** The labels of each, where they differ. */
  readonly differing: readonly (readonly string[])[];
}

/** By the place of the first picture of each. */
function unitsOf(pictures: readonly Splittable[], sets: readonly number[]): Map<number, Unit> {
  const members = new Map<number, Splittable[]>();
  for (const [i, picture] of pictures.entries()) {
    const set = defined(sets[i], 'the set of a picture');
    const others = members.get(set);
    if (others === undefined) members.set(set, [picture]);
    else others.push(picture);
  }
  return new Map(
    [...members].map(([set, same]) => {
      const [first] = same.length === 1 ? same : [...same].sort(byPath);
      const labels = [...new Set(same.flatMap((each) => each.labels))];
      const differing = new Set(same.map((each) => JSON.stringify([...each.labels].sort()))).size > 1;
      return [set, { path: first?.path ?? '', labels, differing: differing ? same.map((each) => each.labels) : [] }];
    }),
  );
}

/** Queries of which a member shares no label with the catalogue: only those whose members have different labels. */
function withoutRelevant(units: readonly Unit[], roles: ReadonlyMap<string, Role>): string[] {
  const mixed = units.filter(({ path, differing }) => differing.length > 0 && !roles.has(path));
  if (mixed.length === 0) return [];
  // Of a unit in the catalogue every member is.
  const present = new Set(units.flatMap(({ path, labels }) => (roles.has(path) ? labels : [])));
  return mixed
    .filter(({ differing }) => !differing.every((labels) => labels.some((label) => present.has(label))))
    .map(({ path }) => path);
}

function checkFractions({ retrievalFraction, validationFraction, testFraction }: SplitOptions): void {
  for (const [key, value] of Object.entries({ retrievalFraction, validationFraction, testFraction })) {
    if (value >= 0 && value <= 1) continue;
    throw new NeurodexError('config-invalid', `split.${key} must be between 0 and 1, not ${value}`, {
      hint: `set split.${key} to a share, such as 0.1`,
      details: { key: `split.${key}`, value },
    });
  }
  if (validationFraction + testFraction <= 1 + 1e-9) return;
  throw new NeurodexError(
    'config-invalid',
    `split.validationFraction ${validationFraction} and split.testFraction ${testFraction} are together more than 1`,
    { hint: 'choose shares of the query pictures that leave some for training' },
  );
}

function fixedRoles(pictures: readonly Splittable[]): Role[] | undefined {
  const roles = pictures.flatMap(({ role }) => (role === undefined ? [] : [role]));
  if (roles.length === 0) return undefined;
  if (roles.length === pictures.length) return roles;
  const sorted = [...pictures].sort(byPath);
  const withRole = sorted.find(({ role }) => role !== undefined)?.path ?? '';
  const without = sorted.find(({ role }) => role === undefined)?.path ?? '';
  throw new NeurodexError('source-unusable', `${withRole} has a fixed role and ${without} has none`, {
    hint: 'give every picture a role (catalogue, train, validation or test) or none',
    details: { withRole, without },
  });
}

/**
 * Paths by class, sorted. A picture with several labels counts for its rarest one (ties: the smaller name), as in
 * iterative stratification (Sechidis, Tsoumakas & Vlahavas 2011): it enters one side only, and whatever its stratum
 * keeps in the catalogue shares a label with it. A picture without a label has no class-mates and no stratum.
 */
function strata(pictures: readonly Splittable[]): string[][] {
  const frequency = new Map<string, number>();
  for (const { labels } of pictures) {
    for (const label of new Set(labels)) frequency.set(label, (frequency.get(label) ?? 0) + 1);
  }
  const rarest = (labels: readonly string[]): string | undefined =>
    [...labels].sort((a, b) => (frequency.get(a) ?? 0) - (frequency.get(b) ?? 0) || (a < b ? -1 : 1))[0];
  const members = new Map<string, string[]>();
  for (const { path, labels } of [...pictures].sort(byPath)) {
    const label = rarest(labels);
    if (label === undefined) continue;
    const paths = members.get(label);
    if (paths) paths.push(path);
    else members.set(label, [path]);
  }
  return [...members].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, paths]) => paths);
}

/** 1 − 0.9 is a little less than 0.1 in binary; ten pictures must still give one. */
const catalogueShare = (pictures: number, retrievalFraction: number): number =>
  Math.max(1, Math.floor(pictures * (1 - retrievalFraction) + 1e-9));

/** How many queries are held out, and how many of those are for the test. */
function splitSizes(queries: number, { validationFraction, testFraction }: SplitOptions) {
  const fraction = validationFraction + testFraction;
  const enough = queries >= 3;
  const wanted = enough ? Number(validationFraction > 0) + Number(testFraction > 0) : 0;
  const most = enough && fraction < 1 - 1e-9 ? queries - 1 : queries;
  const heldOut = Math.min(Math.max(Math.round(queries * fraction), wanted), most);
  const testLeast = enough && testFraction > 0 ? 1 : 0;
  const testMost = heldOut - (enough && validationFraction > 0 ? 1 : 0);
  const share = fraction === 0 ? 0 : Math.round(heldOut * (testFraction / fraction));
  return { heldOut, test: Math.min(Math.max(share, testLeast), testMost) };
}

/** Spreads `marks` evenly over `length` places (Bresenham): any run of n places has n·marks/length of them, ±1. */
const isMarked = (place: number, marks: number, length: number): boolean =>
  Math.floor((2 * (place + 1) * marks + length) / (2 * length)) >
  Math.floor((2 * place * marks + length) / (2 * length));
