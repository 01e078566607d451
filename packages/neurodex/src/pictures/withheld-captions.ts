import { Random } from '@neurodex/autograd';
import { comparableText } from '../text/normalise.ts';
import type { StoredPicture } from './picture-store.ts';
import { allTexts } from './picture-texts.ts';

/** Which captions of an index no system learns from, so that they can be asked. */
export interface Withholding {
  /** Share of the captions of catalogue pictures, in [0, 1]. */
  readonly share: number;
  /** Of the build. */
  readonly seed: number;
  /** Pictures with other ids came after the build: all that is said of them may be found. All were there by default. */
  readonly learnedIds?: number;
}

export const NOTHING_WITHHELD: Withholding = { share: 0, seed: 0 };

type Described = Pick<StoredPicture, 'id' | 'path' | 'labels' | 'captions' | 'role'>;

const NONE: ReadonlySet<string> = new Set();

/**
 * The captions of a catalogue picture that are withheld, as `comparableText` leaves them. Each caption is withheld with the
 * probability `share`, drawn from the seed and the caption itself: the same one is drawn alike wherever it stands and whatever
 * else is in the catalogue. Of a picture all of whose captions are drawn, the one that was drawn last stays.
 */
export function withheldCaptions(picture: Described, { share, seed, learnedIds }: Withholding): ReadonlySet<string> {
  const { id, role, captions = [] } = picture;
  if (share === 0 || role !== 'catalogue' || captions.length < 2 || id >= (learnedIds ?? Number.POSITIVE_INFINITY)) {
    return NONE;
  }
  const drawn = new Map<string, number>();
  for (const caption of captions) {
    const text = comparableText(caption);
    if (text !== undefined) drawn.set(text, Random.stream(seed, `withheld caption ${text}`).uniform());
  }
  const last = Math.max(...drawn.values());
  return new Set([...drawn].filter(([, draw]) => draw < share && draw < last).map(([text]) => text));
}

/** All texts of a picture that systems may learn from: `allTexts` without the captions that are withheld. */
export function textsLearnedOf(picture: Described, withholding: Withholding): string[] {
  const withheld = withheldCaptions(picture, withholding);
  if (withheld.size === 0) return allTexts(picture);
  const kept = picture.captions?.filter((caption) => !withheld.has(comparableText(caption) ?? ''));
  return allTexts({ ...picture, captions: kept ?? [] });
}
