import type { PictureStore, StoredPicture } from '../pictures/picture-store.ts';
import { textsLearnedOf, type Withholding, withheldCaptions } from '../pictures/withheld-captions.ts';
import type { TextQuery } from '../query/query.ts';
import { comparableText, normaliseText } from '../text/normalise.ts';
import type { EvaluationQuery } from './queries.ts';

/** A caption to search with. */
export type CaptionQuery = EvaluationQuery<TextQuery>;

/** Captions to ask, and those that are not asked. */
export interface CaptionQueries {
  readonly queries: readonly CaptionQuery[];
  /** Captions that cannot be searched with: empty ones, and those with characters that no text has. */
  readonly unreadable: number;
  /** Captions that are withheld, and yet are learned: another picture has the same words. */
  readonly learned: number;
}

/** A caption as it is asked. */
interface AskedCaption {
  /** Unique in an index: `<path>#caption-<place>`, with places from 1 in the captions of the data set. */
  readonly name: string;
  /** As `normaliseText` leaves it. */
  readonly text: string;
  /** As `comparableText` leaves it. */
  readonly comparable: string;
}

/** The captions of a picture, each text once, and how many cannot be searched with. */
function captionsOf({ path, captions = [] }: StoredPicture): { asked: AskedCaption[]; unreadable: number } {
  const asked = new Map<string, AskedCaption>();
  let unreadable = 0;
  for (const [i, caption] of captions.entries()) {
    const comparable = comparableText(caption);
    if (comparable === undefined) unreadable++;
    else if (!asked.has(comparable)) {
      asked.set(comparable, { name: `${path}#caption-${i + 1}`, text: normaliseText(caption), comparable });
    }
  }
  return { asked: [...asked.values()], unreadable };
}

const queryOf = ({ name, text }: AskedCaption, relevant: ReadonlySet<number>): CaptionQuery => ({
  kind: 'text',
  name,
  text,
  relevant,
});

/** All captions of some pictures, with what is relevant to each picture. */
export function allCaptions(
  pictures: readonly StoredPicture[],
  relevantTo: (picture: StoredPicture) => ReadonlySet<number>,
): CaptionQueries {
  let unreadable = 0;
  const queries = pictures.flatMap((picture) => {
    const own = captionsOf(picture);
    unreadable += own.unreadable;
    return own.asked.map((caption) => queryOf(caption, relevantTo(picture)));
  });
  return { queries, unreadable, learned: 0 };
}

/**
 * The captions of catalogue pictures that are withheld, with the pictures that they are of. One that some picture still says, as
 * a caption, a label or a name, has been learned, and is not asked.
 */
export function withheldOnes(
  store: Pick<PictureStore, 'catalogue' | 'queries'>,
  withholding: Withholding,
): CaptionQueries {
  const found: { readonly caption: AskedCaption; readonly relevant: Set<number> }[] = [];
  const rowsOf = new Map<string, Set<number>>();
  let unreadable = 0;
  for (const picture of store.catalogue) {
    const withheld = withheldCaptions(picture, withholding);
    const own = captionsOf(picture);
    unreadable += own.unreadable;
    for (const caption of own.asked) {
      if (!withheld.has(caption.comparable)) continue;
      const relevant = rowsOf.get(caption.comparable) ?? new Set();
      rowsOf.set(caption.comparable, relevant.add(picture.row));
      found.push({ caption, relevant });
    }
  }
  const known = learnedAmong(store, withholding, rowsOf);
  const asked = found.filter(({ caption }) => !known.has(caption.comparable));
  const queries = asked.map(({ caption, relevant }) => queryOf(caption, relevant));
  return { queries, unreadable, learned: found.length - asked.length };
}

/** Of some texts, those that are learned from the catalogue or from training queries. @param texts as `comparableText` leaves them */
export function learnedAmong(
  { catalogue, queries }: Pick<PictureStore, 'catalogue' | 'queries'>,
  withholding: Withholding,
  texts: Pick<ReadonlySet<string>, 'has' | 'size'>,
): ReadonlySet<string> {
  const known = new Set<string>();
  if (texts.size === 0) return known;
  for (const picture of [...catalogue, ...queries('train')]) {
    for (const text of textsLearnedOf(picture, withholding)) {
      const comparable = comparableText(text);
      if (comparable !== undefined && texts.has(comparable)) known.add(comparable);
    }
  }
  return known;
}
