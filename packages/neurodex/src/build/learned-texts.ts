import type { PictureStore, StoredPicture } from '../pictures/picture-store.ts';
import { NOTHING_WITHHELD, textsLearnedOf, type Withholding, withheldCaptions } from '../pictures/withheld-captions.ts';
import { comparableText } from '../text/normalise.ts';

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
  /** Captions of the catalogue that are withheld. */
  readonly withheld: number;
}

/**
 * The texts of the catalogue; and those that only training queries have, with these as their pictures. A training query all of whose
 * texts are in the catalogue is left out: nobody can find it, and a text is to lie near the pictures that it finds. Captions that are
 * withheld from learning are left out as well.
 */
export function learnedTexts(
  store: Pick<PictureStore, 'catalogue' | 'queries'>,
  withholding: Withholding = NOTHING_WITHHELD,
): LearnedTexts {
  let unread = 0;
  let withheld = 0;
  const textsOf = (picture: StoredPicture): ReadonlySet<string> => {
    const own = new Set<string>();
    for (const text of textsLearnedOf(picture, withholding)) {
      const readable = comparableText(text);
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
  for (const picture of store.catalogue) {
    withheld += withheldCaptions(picture, withholding).size;
    learn(picture, textsOf(picture));
  }
  const catalogue = new Set(places.keys());
  for (const picture of store.queries('train')) {
    const own = textsOf(picture);
    if ([...own].some((text) => !catalogue.has(text))) learn(picture, own);
  }
  return { texts: [...places.keys()], pictures: [...places.values()], rows, unread, withheld };
}
