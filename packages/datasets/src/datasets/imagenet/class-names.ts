import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defined } from '@neurodex/core';
import { refuseSpecialFile } from '@neurodex/core/storage';
import { SYNSETS } from './synsets.ts';

/** wnid → its words, the usual one first: 'tench, Tinca tinca'. */
export type Words = ReadonlyMap<string, string>;

/** Lines of a wnid and its words, apart by a tab (tiny-imagenet's words.txt) or a blank (LOC_synset_mapping.txt). */
export function parseWords(text: string): Words {
  const words = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, wnid, names] = /^(n\d{8})[ \t]+(.*\S)\s*$/.exec(line) ?? [];
    if (wnid !== undefined && names !== undefined) words.set(wnid, names);
  }
  return words;
}

/** The 1,000 classes of ILSVRC 2012; those of tiny-imagenet and imagenette are among them. */
export const IMAGENET_WORDS: Words = parseWords(SYNSETS);

const firstWord = (words: string): string => words.split(',')[0]?.trim() || words;

/** How many of the 1,000 classes have that first word: two are called crane, and two maillot. */
const namesakes = new Map<string, number>();
for (const words of IMAGENET_WORDS.values()) {
  namesakes.set(firstWord(words), (namesakes.get(firstWord(words)) ?? 0) + 1);
}

/**
 * A readable name for each wnid, no two alike: its first word, with the wnid in brackets where classes share the word.
 * The same class has the same name in every data set. A wnid that is in no list keeps its own name.
 * @param own words that the data set brings; ours go before them, so that names do not depend on the source
 */
export function classNames(wnids: readonly string[], own: Words = new Map()): Map<string, string> {
  const words = wnids.map((wnid) => {
    const known = IMAGENET_WORDS.get(wnid) ?? own.get(wnid);
    return known === undefined ? wnid : firstWord(known);
  });
  const count = new Map<string, number>();
  for (const word of words) count.set(word, (count.get(word) ?? 0) + 1);
  return new Map(
    wnids.map((wnid, i) => {
      const word = defined(words[i], wnid);
      const shared = (count.get(word) ?? 0) > 1 || (namesakes.get(word) ?? 0) > 1;
      return [wnid, shared && word !== wnid ? `${word} (${wnid})` : word];
    }),
  );
}

const inOrder = [...IMAGENET_WORDS.keys()];
/** Words → wnid, where only one class has them. */
const byWords = new Map<string, string | undefined>();
for (const [wnid, words] of IMAGENET_WORDS) byWords.set(words, byWords.has(words) ? undefined : wnid);
const NAMES = classNames(inOrder);

/**
 * The readable name of a label as ImageNet's kin have it on the Hugging Face hub: a wnid (zh-plus/tiny-imagenet), all
 * words of a class (ILSVRC/imagenet-1k), with the class's number in brackets where two have the same words, or the name
 * itself (frgfm/imagenette).
 */
export function hubClassName(label: string): string {
  const [, words = label, number] = /^(.*) \((\d+)\)$/.exec(label) ?? [];
  const wnid = number === undefined ? byWords.get(words) : inOrder[Number(number)];
  const known = IMAGENET_WORDS.has(label) ? label : wnid;
  const fits = known === label || (known !== undefined && IMAGENET_WORDS.get(known) === words);
  return (fits && NAMES.get(known)) || label;
}

/** Files that name the classes, the likeliest first. */
export const WORD_FILES = ['words.txt', 'LOC_synset_mapping.txt'] as const;

/** The words that lie beside the pictures, as tiny-imagenet and Kaggle's ImageNet bring them; none is no error. */
export async function readWords(folder: string): Promise<Words> {
  for (const file of WORD_FILES) {
    await refuseSpecialFile(join(folder, file));
    const text = await readFile(join(folder, file), 'utf8').catch(() => undefined);
    if (text !== undefined) return parseWords(text);
  }
  return new Map();
}
