import { NeurodexError } from '@neurodex/core';
import type { PictureStore, StoredPicture } from '../pictures/picture-store.ts';
import { allTexts } from '../pictures/picture-texts.ts';
import { foldCase, normaliseText } from '../text/normalise.ts';

/** Texts, each once, and the pictures that they are of. */
export interface LearnedTexts {
  /** Normalised, in lower case. */
  readonly texts: readonly string[];
  /** Of each text: places of its pictures in `rows`. */
  readonly pictures: readonly (readonly number[])[];
  /** Of the pictures. */
  readonly rows: readonly number[];
  /** Texts of pictures that could not be searched with either, and are left out. */
  readonly unread: number;
}

/**
 * The texts of the catalogue; and those that only training queries have, with these as their pictures. A training query all of whose
 * texts are in the catalogue is left out: nobody can find it, and a text is to lie near the pictures that it finds.
 */
export function learnedTexts(store: Pick<PictureStore, 'catalogue' | 'queries'>): LearnedTexts {
  let unread = 0;
  const textsOf = (picture: StoredPicture): ReadonlySet<string> => {
    const own = new Set<string>();
    for (const text of allTexts(picture)) {
      const readable = readableText(text);
      if (readable === undefined) unread++;
      else own.add(readable);
    }
    return own;
  };
  const rows: number[] = [];
  const places = new Map<string, number[]>();
  const learn = ({ row }: StoredPicture, own: ReadonlySet<string>): void => {
    const place = rows.push(row) - 1;
    for (const text of own) {
      const known = places.get(text);
      if (known === undefined) places.set(text, [place]);
      else known.push(place);
    }
  };
  for (const picture of store.catalogue) learn(picture, textsOf(picture));
  const catalogue = new Set(places.keys());
  for (const picture of store.queries('train')) {
    const own = textsOf(picture);
    if ([...own].some((text) => !catalogue.has(text))) learn(picture, own);
  }
  return { texts: [...places.keys()], pictures: [...places.values()], rows, unread };
}

/** A text as it is learned: normalised, in lower case. Undefined for one that could not be searched with either. */
export function readableText(text: string): string | undefined {
  try {
    return foldCase(normaliseText(text));
  } catch (error) {
    if (error instanceof NeurodexError) return undefined;
    throw error;
  }
}
