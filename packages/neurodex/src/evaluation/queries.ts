import { Random } from '@neurodex/autograd';
import type { Picture } from '@neurodex/datasets/picture';
import { type PictureStore, pixelsOf, type Split, type StoredPicture } from '../pictures/picture-store.ts';
import { storedQuery } from '../pictures/stored-query.ts';
import { type AugmentSettings, augment } from '../query/augment.ts';
import type { PictureQuery, TextQuery } from '../query/query.ts';
import { relevantRows } from './relevance.ts';

/** A picture or words to search with, and what should be found: evaluation does not care where they come from. */
export type EvaluationQuery<Asked extends PictureQuery | TextQuery = PictureQuery | TextQuery> = Asked & {
  /** Unique among the queries; the query's name in TREC files. */
  readonly name: string;
  /** Catalogue rows (StoredPicture.row). */
  readonly relevant: ReadonlySet<number>;
};

/**
 * How the queries of a flat folder differ from their pictures. Fixed, and not the configuration's augmentation, so
 * that figures of indexes trained in different ways are about the same queries.
 */
export const VIEW: AugmentSettings = {
  strength: 1,
  shift: 0.1,
  scale: 0.2,
  rotate: 10,
  flip: false,
  colour: 0.3,
  hue: 0,
  erase: 0,
};

/** One seed per role, so that validation and test do not look at the same views. */
const VIEW_SEED = { train: 1, validation: 2, test: 3 } as const satisfies Record<Split, number>;

/** A picture that is asked. */
export type PictureEvaluationQuery = EvaluationQuery<PictureQuery>;

/**
 * The pictures to ask of one split, in row order. Data sets with classes hold them: a query is named by its path. A flat
 * folder has catalogue pictures only: its queries are one augmented view of each, named `<path>#view`, relevant to
 * which is that picture alone. The views of a role are the same bytes every time, whatever else is in the catalogue.
 */
export function queriesOf(store: PictureStore, role: Split): PictureEvaluationQuery[] {
  if (!store.hasClasses) return store.catalogue.map((picture) => viewOf(store, picture, role));
  return store.queries(role).map((picture) => ({
    name: picture.path,
    ...storedQuery(store, picture.row),
    relevant: relevantRows(store, picture),
  }));
}

function viewOf(store: PictureStore, picture: StoredPicture, role: Split): PictureEvaluationQuery {
  const { row, path } = picture;
  /** The same turn, shift and colours at every size. */
  const view = ({ size, pixels }: Picture): Picture => {
    const turned = new Uint8Array(pixels.length);
    augment(pixels, turned, size, VIEW, Random.stream(VIEW_SEED[role], path));
    return { size, pixels: turned };
  };
  return {
    kind: 'picture',
    name: `${path}#view`,
    // Made when asked for: the views of a large folder together are as large as its pixel cache.
    get pixels() {
      return view({ size: store.size, pixels: pixelsOf(store, row) }).pixels;
    },
    thumbnail: async () => view(await store.thumbnail(row)),
    relevant: relevantRows(store, picture),
  };
}
