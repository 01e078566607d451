import { listed } from '@neurodex/core';
import type { LayoutNote } from '../dataset.ts';
import { ambiguousLabels, type ColumnFlags, labelNames, pictureName } from '../label-columns.ts';

/** Which keys of the lines are read. */
export interface LineKeys {
  readonly picture: string;
  /** None where no key is known to be the label: an error, or no classes. */
  readonly labels: readonly string[];
}

const CAPTIONS = ['captions', 'caption'];
const KNOWN = ['picture', 'label', 'labels'];

/**
 * The keys by their names: `picture`, `label` and `labels`, else those that are usual for them (`file_name`, `class`).
 * @param found keys of the first lines; those whose value is a text are the pictures' candidates
 * @throws Error where several may be the label
 */
export function chooseKeys(
  found: ReadonlyMap<string, { readonly text: boolean }>,
  { pictureColumn, labelColumn }: ColumnFlags,
): LineKeys {
  const names = [...found.keys()];
  const texts = names.filter((name) => found.get(name)?.text && name !== labelColumn);
  const picture = pictureColumn ?? (names.includes('picture') ? 'picture' : (pictureName(texts) ?? 'picture'));
  return { picture, labels: labelColumn === undefined ? chooseLabels(names, picture) : [labelColumn] };
}

function chooseLabels(names: readonly string[], picture: string): readonly string[] {
  const rest = names.filter((name) => name !== picture);
  const usual = ['label', 'labels'].filter((name) => rest.includes(name));
  if (usual.length > 0) return usual;
  const likely = labelNames(rest);
  if (likely.length > 1) throw new Error(ambiguousLabels('keys', likely));
  return likely;
}

/**
 * What was chosen, and what is not read.
 * @param seen keys of all lines
 * @throws Error where the key that was asked for is in no line, or no key of the first lines was a label and a later one is
 */
export function keyNotes(
  seen: ReadonlySet<string>,
  { picture, labels }: LineKeys,
  { labelColumn }: ColumnFlags,
): LayoutNote[] {
  if (labelColumn !== undefined && !seen.has(labelColumn)) {
    throw new Error(
      `has no line with the key ${listed([labelColumn])}, which --label-column names (its keys: ${listed([...seen])})`,
    );
  }
  const notes: LayoutNote[] = [];
  if (picture !== 'picture') notes.push({ message: `the pictures are read from the key ${listed([picture])}` });
  const [label] = labels;
  if (label !== undefined && !KNOWN.includes(label)) {
    notes.push({ message: `the labels are read from the key ${listed([label])}` });
  }
  const unread = [...seen].filter((name) => name !== picture && !labels.includes(name) && !CAPTIONS.includes(name));
  if (label === undefined && labelNames(unread).length > 0)
    throw new Error(ambiguousLabels('keys', labelNames(unread)));
  if (unread.length === 0) return notes;
  const message =
    label === undefined
      ? `no key is known to be the label; --label-column names one of those that are not read: ${listed(unread)}`
      : `${unread.length === 1 ? 'the key' : 'the keys'} ${listed(unread)} ${unread.length === 1 ? 'is' : 'are'} not read`;
  return [...notes, { message, ...(label === undefined ? { doubtful: true as const } : {}) }];
}
