import { type Reporter, visibleName } from '@neurodex/core';
import type { Dataset, LayoutNote } from './dataset.ts';
import { type SplitPart, splitAndStem, splitPartOf } from './split-names.ts';

/** What is doubtful about a data set; `code` is for programs. */
export interface DatasetWarning {
  /** What is doubtful, for programs. */
  readonly code: 'no-labels' | 'one-class' | 'split-classes' | 'similar-classes' | 'layout';
  /** What is doubtful. */
  readonly message: string;
}

/** What has labels. */
export interface Labelled {
  /** Class names. */
  readonly labels: readonly string[];
}

/** What warnings look at of a data set. */
export type Described = Pick<Dataset, 'layout' | 'name'> & { readonly pictures: readonly Labelled[] };

/**
 * Labels from which nothing, or something else than was meant, would be learned.
 * @param dataset what kind of data set they are of: where folders are the classes, one name of a split is enough
 * @param below what to do where classes lie below folders that are named like splits
 */
export function classWarnings(
  pictures: readonly Labelled[],
  dataset: string,
  below = '--class-level says at which level',
): DatasetWarning[] {
  if (pictures.length === 0) return [];
  const names = [...new Set(pictures.flatMap(({ labels }) => labels))].sort();
  const [only] = names;
  if (only === undefined) {
    const message =
      'no picture has a label: there are no classes, and each picture is relevant to itself alone (give one folder for each class, or a file with labels)';
    return [{ code: 'no-labels', message }];
  }
  const warnings: DatasetWarning[] = [];
  if (names.length === 1 && pictures.every(({ labels }) => labels.length > 0)) {
    const message = `all pictures are of one class, ${quoted(only)}: every picture is relevant to every other, and nothing can be told apart`;
    warnings.push({ code: 'one-class', message });
  }
  const splits = namedLikeSplits(names, dataset === 'folder');
  if (splits.length > 0) {
    const which = splits.length === 1 ? 'a class is' : `${splits.length} classes are`;
    const message = `${which} named like a split of a data set and not like a class: ${quotedList(splits)}; ${
      dataset === 'folder' ? `if classes lie below, ${below}` : 'check which column or key holds the labels'
    }`;
    warnings.push({ code: 'split-classes', message });
  }
  const alike = lookAlikes(names);
  if (alike.length > 0) {
    const message = `classes differ only in case, blanks or the form of their letters: ${alike.slice(0, 3).map(quotedList).join('; ')}${alike.length > 3 ? ` and ${alike.length - 3} more` : ''}`;
    warnings.push({ code: 'similar-classes', message });
  }
  return warnings;
}

/** COCO has a class `train`, so that where labels are explicit one such name among others is no sign of anything. */
function namedLikeSplits(names: readonly string[], folders: boolean): string[] {
  const strict = names.filter((name) => splitPartOf(name) !== undefined);
  const parts = new Set(strict.map((name) => splitPartOf(name)));
  if (strict.length > 0 && (folders || parts.size > 1 || 2 * strict.length >= names.length)) return strict;
  // train_cat, train_dog, test_cat: all of them, and of several splits.
  const loose = names.map((name) => splitAndStem(name)?.part);
  const all = loose.every((part): part is SplitPart => part !== undefined);
  return folders && all && new Set(loose).size > 1 ? [...names] : [];
}

/** Groups of names that a person would read as one. */
function lookAlikes(names: readonly string[]): string[][] {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const blank = name
      .normalize('NFKC')
      .replace(/[\s\p{Cf}]+/gu, ' ')
      .trim();
    // Letters are classes of their own in data sets of handwriting.
    const key = blank.length > 1 ? blank.toLowerCase() : blank;
    const group = groups.get(key);
    if (group) group.push(name);
    else groups.set(key, [name]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

const quoted = (name: string): string => {
  const seen = visibleName(name);
  return seen.startsWith('"') ? seen : `"${seen}"`;
};
const quotedList = (names: readonly string[]): string =>
  names.length > 6
    ? `${names.slice(0, 6).map(quoted).join(', ')} and ${names.length - 6} more`
    : names.map(quoted).join(', ');

/**
 * Everything that is doubtful about a data set as it was chosen by the rules.
 * @example
 * ```ts
 * import { datasetWarnings, openFolder } from '@neurodex/datasets';
 *
 * const { name, pictures } = await openFolder('photos');
 * console.log(datasetWarnings({ name, pictures: pictures.filter(({ labels }) => labels.includes('cat')) })[0]?.code); // → one-class
 * ```
 */
export const datasetWarnings = ({ pictures, layout = [], name }: Described): DatasetWarning[] => [
  ...layout.filter(({ doubtful }) => doubtful).map(({ message }): DatasetWarning => ({ code: 'layout', message })),
  ...classWarnings(pictures, name),
];

/**
 * Tells how a data set was read and what is doubtful about it: before any work with it begins.
 * @example
 * ```ts
 * import { silentReporter } from '@neurodex/core';
 * import { openFolder, reportDataset } from '@neurodex/datasets';
 *
 * console.log(reportDataset(await openFolder('photos'), silentReporter).length); // → 0
 * ```
 */
export function reportDataset(dataset: Described, reporter: Reporter): readonly DatasetWarning[] {
  for (const { message, doubtful } of dataset.layout ?? []) if (!doubtful) reporter.info(message);
  const warnings = datasetWarnings(dataset);
  for (const { code, message } of warnings) reporter.warn(message, { code });
  return warnings;
}

/**
 * The sentences of a data set's layout that are not warnings.
 * @example
 * ```ts
 * import { layoutOf } from '@neurodex/datasets';
 *
 * const layout = [{ message: 'labels.csv is read' }, { message: 'folders are no classes', doubtful: true }] as const;
 * console.log(layoutOf({ layout })); // → [ 'labels.csv is read' ]
 * ```
 */
export const layoutOf = ({ layout = [] }: { readonly layout?: readonly LayoutNote[] }): string[] =>
  layout.filter(({ doubtful }) => !doubtful).map(({ message }) => message);
