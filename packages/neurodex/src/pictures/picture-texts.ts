import { wordsOfFileName } from './file-name-words.ts';
import type { StoredPicture } from './picture-store.ts';

/** What people might type to find a picture, by where it comes from. */
export interface PictureTexts {
  /** Sentences of the data set that describe it: trimmed, distinct, as written. */
  readonly captions: readonly string[];
  /** Its labels as words, distinct: `fire_truck` is `fire truck`. */
  readonly labels: readonly string[];
  /** The words of its file name; undefined where the name is a number or a camera's. */
  readonly name: string | undefined;
}

type Described = Pick<StoredPicture, 'path' | 'labels' | 'captions'>;

/** A hyphen between words. Between two numbers it is a range, a date or a score. */
const HYPHEN = /(?<=[\p{L}\p{M}])-(?=[\p{L}\p{N}])|(?<=\p{N})-(?=\p{L})/gu;

/** The texts of a picture; empty texts are left out. */
export function pictureTexts({ path, labels, captions = [] }: Described): PictureTexts {
  return {
    captions: distinct(captions.map((caption) => caption.trim())),
    labels: distinct(labels.map(wordsOfLabel)),
    name: wordsOfFileName(path),
  };
}

/** All texts of a picture, distinct: captions, then labels, then its name. */
export function allTexts(picture: Described): string[] {
  const { captions, labels, name = '' } = pictureTexts(picture);
  return distinct([...captions, ...labels, name]);
}

/** A label that has spaces is written as people write, so its hyphens are meant; a label of separators alone stays. */
function wordsOfLabel(label: string): string {
  const trimmed = label.trim();
  const parted = (/\s/u.test(trimmed) ? trimmed : trimmed.replace(HYPHEN, ' ')).replaceAll('_', ' ');
  return parted === trimmed ? trimmed : parted.replace(/\s+/gu, ' ').trim() || trimmed;
}

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)].filter((text) => text !== '');
