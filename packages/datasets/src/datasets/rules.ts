import { NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import { inOrder, throwIfInterrupted } from '@neurodex/core/storage';
import { readDimensions } from '../image/decode.ts';
import { Availability } from './availability.ts';
import { type ClassChoice, classesOf, evenly, largestClasses, withLabels } from './classes.ts';
import type { Dataset, Dimensions, SkippedFile, SourcePicture } from './dataset.ts';

/** Which pictures of a data set are taken. */
export interface DatasetRules {
  /** Most pictures; 0: all. With `minPicturesPerClass` n: n of each of the ⌈maxPictures / n⌉ largest classes. */
  readonly maxPictures: number;
  /** Smaller classes are left out. */
  readonly minPicturesPerClass: number;
  /** Squares first, then those within `aspectTolerance`, and no others. */
  readonly squaresFirst: boolean;
  /** Largest difference of width / height from 1 that `squaresFirst` takes; 0 … 1. */
  readonly aspectTolerance: number;
  /** Pictures with fewer captions are left out, where the data set has captions. */
  readonly minCaptions: number;
  /** Pictures with fewer objects are left out, where the data set has objects. */
  readonly minObjects: number;
}

/** All pictures, as they are. */
export const NO_RULES: DatasetRules = {
  maxPictures: 0,
  minPicturesPerClass: 0,
  squaresFirst: false,
  aspectTolerance: 0.1,
  minCaptions: 0,
  minObjects: 0,
};

/** Who watches while rules are applied. */
export interface RulesOptions {
  /** Told how far it is. */
  readonly reporter?: Reporter;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** Headers read at a time. Of a remote data set each may cost a row group, and what is under way is not taken back. */
const CONCURRENCY = { local: 8, remote: 2 } as const;

/**
 * The pictures of a data set that the configuration's section `dataset` asks for, in this order: enough captions and
 * objects; square, or nearly so; of a class that is large enough; and no more than wanted. Labels of classes that were
 * left out are taken off the pictures that stay. A data set that fixes the roles keeps all its classes and pictures.
 * @throws NeurodexError `source-unusable` when a rule leaves nothing; `interrupted`
 * @example
 * ```ts
 * import { applyRules, NO_RULES, openFolder } from '@neurodex/datasets';
 *
 * const dataset = await openFolder('photos');
 * const { pictures } = await applyRules(dataset, { ...NO_RULES, maxPictures: 6 });
 * console.log(dataset.pictures.length, pictures.length); // → 60 6
 * ```
 */
export async function applyRules(
  dataset: Dataset,
  rules: DatasetRules,
  { reporter = silentReporter, signal }: RulesOptions = {},
): Promise<Dataset> {
  const all = dataset.pictures;
  if (all.length === 0) return dataset;
  const annotated = withAnnotations(all, rules);
  if (annotated.length === 0) throw nothingLeft(dataset, annotationRule(rules));

  const look = new Shapes(annotated, new Availability(dataset.source), {
    reporter,
    ...(signal === undefined ? {} : { signal }),
  });
  const bySquare = rules.squaresFirst && dataset.ownSize === undefined;
  const order = (pictures: readonly SourcePicture[], enough?: number): Promise<SourcePicture[]> =>
    bySquare
      ? look.squaresFirst(pictures, rules.aspectTolerance, enough, dataset.remote)
      : Promise.resolve([...pictures]);

  const fixed = all.some(({ role }) => role !== undefined);
  const numbers = rules.maxPictures > 0 || rules.minPicturesPerClass > 0;
  if (fixed && numbers) {
    reporter.info(
      `${dataset.source} fixes the roles of its pictures: dataset.maxPictures and dataset.minPicturesPerClass do not apply to it`,
    );
  }
  const chosen = fixed || !numbers ? await order(annotated) : await byNumber(dataset, annotated, rules, order);
  if (chosen.length === 0) {
    const square = `dataset.squaresFirst with dataset.aspectTolerance ${rules.aspectTolerance}`;
    throw nothingLeft(dataset, bySquare ? square : 'dataset.maxPictures');
  }
  if (chosen.length === all.length && look.skipped.length === 0) return { ...dataset, pictures: sorted(chosen) };
  const classes = classesOf(chosen).size;
  reporter.info(
    `${chosen.length} of ${all.length} pictures are taken${classes > 0 ? `, in ${classes} of ${classesOf(all).size} classes` : ''}`,
  );
  if (!fixed && chosen.length < rules.maxPictures && all.length >= rules.maxPictures) {
    reporter.warn(
      `only ${chosen.length} of the ${rules.maxPictures} pictures asked for meet the rules of the data set`,
    );
  }
  return { ...dataset, pictures: sorted(chosen), skipped: [...dataset.skipped, ...look.skipped] };
}

type Order = (pictures: readonly SourcePicture[], enough?: number) => Promise<SourcePicture[]>;

/** The rules on numbers: `minPicturesPerClass` and `maxPictures`. */
async function byNumber(
  dataset: Dataset,
  pictures: readonly SourcePicture[],
  rules: DatasetRules,
  order: Order,
): Promise<SourcePicture[]> {
  const { maxPictures: most, minPicturesPerClass: least } = rules;
  const hasClasses = pictures.some(({ labels }) => labels.length > 0);
  if (least === 0 || !hasClasses) {
    if (most === 0) return await order(pictures);
    // Evenly of all classes would cost a remote data set all its pictures.
    const firstDo = !hasClasses || dataset.remote === true;
    return firstDo ? (await order(pictures, most)).slice(0, most) : evenly(await order(pictures), most);
  }
  const severalLabels = pictures.some(({ labels }) => labels.length > 1);
  const wanted = most === 0 ? Number.POSITIVE_INFINITY : Math.ceil(most / least);
  const choice: ClassChoice = { least, wanted };
  let chosen: SourcePicture[];
  if (severalLabels || most === 0) {
    const ordered = await order(pictures);
    const names = new Set(largestClasses(classesOf(ordered), choice).map(([name]) => name));
    const kept = ordered.filter(({ labels }) => labels.some((label) => names.has(label)));
    chosen = withLabels(most === 0 ? kept : kept.slice(0, most), names);
  } else {
    // Class by class, so that of a large data set only the pictures of the classes in question are looked at.
    chosen = [];
    let taken = 0;
    for (const [, members] of largestClasses(classesOf(pictures), { least, wanted: Number.POSITIVE_INFINITY })) {
      if (taken === wanted) break;
      const ordered = await order(members, least);
      if (ordered.length < least) continue;
      chosen.push(...ordered.slice(0, Math.min(least, most - chosen.length)));
      taken++;
    }
  }
  if (chosen.length === 0) {
    const largest = Math.max(0, ...[...classesOf(pictures).values()].map((members) => members.length));
    throw nothingLeft(
      dataset,
      `dataset.minPicturesPerClass ${least}`,
      `the largest class has ${largest} ${largest === 1 ? 'picture' : 'pictures'}`,
    );
  }
  return chosen;
}

function withAnnotations(pictures: readonly SourcePicture[], rules: DatasetRules): readonly SourcePicture[] {
  const { minCaptions, minObjects } = rules;
  const hasCaptions = minCaptions > 0 && pictures.some(({ captions }) => captions !== undefined);
  const hasObjects = minObjects > 0 && pictures.some(({ objects }) => objects !== undefined);
  if (!hasCaptions && !hasObjects) return pictures;
  return pictures.filter(
    ({ captions = [], objects = [] }) =>
      (!hasCaptions || captions.length >= minCaptions) && (!hasObjects || objects.length >= minObjects),
  );
}

const annotationRule = ({ minCaptions, minObjects }: DatasetRules): string =>
  `dataset.minCaptions ${minCaptions} and dataset.minObjects ${minObjects}`;

/** Looks at the pictures' shapes, each at most once. */
class Shapes {
  readonly skipped: SkippedFile[] = [];
  private readonly options: { readonly reporter: Reporter; readonly signal?: AbortSignal };
  private readonly availability: Availability;
  private readonly unknown: number;
  private looked = 0;

  constructor(
    pictures: readonly SourcePicture[],
    availability: Availability,
    options: { reporter: Reporter; signal?: AbortSignal },
  ) {
    this.options = options;
    this.availability = availability;
    this.unknown = pictures.filter(({ dimensions }) => dimensions === undefined).length;
  }

  /**
   * Squares, then those whose width / height differs from 1 by no more than `tolerance`, each in the order given.
   * @param enough looking ends when there are so many squares; `remote`: so many of both
   */
  async squaresFirst(
    pictures: readonly SourcePicture[],
    tolerance: number,
    enough = Number.POSITIVE_INFINITY,
    remote = false,
  ): Promise<SourcePicture[]> {
    const squares: SourcePicture[] = [];
    const near: SourcePicture[] = [];
    for await (const { picture, dimensions } of inOrder(pictures, CONCURRENCY[remote ? 'remote' : 'local'], (each) =>
      this.look(each),
    )) {
      if (dimensions === undefined) continue;
      const difference = Math.abs(dimensions.width / dimensions.height - 1);
      if (difference === 0) squares.push(picture);
      // 1.1 − 1 is a little more than 0.1 in binary.
      else if (difference <= tolerance + 1e-9) near.push(picture);
      if (squares.length + (remote ? near.length : 0) >= enough) break;
    }
    return [...squares, ...near];
  }

  private async look(picture: SourcePicture): Promise<{ picture: SourcePicture; dimensions?: Dimensions }> {
    if (picture.dimensions !== undefined) return { picture, dimensions: picture.dimensions };
    throwIfInterrupted(this.options.signal);
    try {
      const dimensions = await readDimensions(await picture.read(), picture.path);
      this.availability.add();
      return { picture, dimensions };
    } catch (error) {
      if (!(error instanceof NeurodexError && error.code.startsWith('picture-'))) throw error;
      this.availability.add(error);
      this.skipped.push({ path: picture.path, reason: error.message.replace(`${picture.path} `, '') });
      return { picture };
    } finally {
      this.options.reporter.progress({ phase: 'shapes', done: ++this.looked, total: this.unknown, unit: 'pictures' });
    }
  }
}

const sorted = (pictures: readonly SourcePicture[]): SourcePicture[] =>
  [...pictures].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));

function nothingLeft(dataset: Dataset, rule: string, because?: string): NeurodexError {
  return new NeurodexError(
    'source-unusable',
    `${rule} leaves none of the ${dataset.pictures.length} pictures of ${dataset.source}${because ? `: ${because}` : ''}`,
    {
      hint: `change it with --set, or choose a preset without such rules (all but seed)`,
      details: { source: dataset.source, rule },
    },
  );
}
