import { Random } from '@neurodex/autograd';
import { type Catalogue, pixelsOf, type StoredPicture, withRole } from '../catalogue/catalogue.ts';
import type { Role } from '../datasets/dataset.ts';
import { type AugmentSettings, augment } from '../image/augment.ts';
import { relevantRows } from './relevance.ts';

/** A picture to search with, and what should be found: evaluation does not care where they come from. */
export interface EvaluationQuery {
  /** Unique among the queries; the query's name in TREC files. */
  readonly name: string;
  /** uint8 RGB [size, size, 3]; may be made anew, the same bytes, each time it is read. */
  readonly pixels: Uint8Array;
  /** Catalogue rows (StoredPicture.row). */
  readonly relevant: ReadonlySet<number>;
}

export type QueryRole = Exclude<Role, 'catalogue'>;

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
const VIEW_SEED = { train: 1, validation: 2, test: 3 } as const satisfies Record<QueryRole, number>;

/**
 * The queries of one split, in row order. Data sets with classes hold them: a query is named by its path. A flat
 * folder has catalogue pictures only: its queries are one augmented view of each, named `<path>#view`, relevant to
 * which is that picture alone. The views of a role are the same bytes every time, whatever else is in the catalogue.
 */
export function queriesOf(catalogue: Catalogue, role: QueryRole): EvaluationQuery[] {
  if (!catalogue.hasClasses) return withRole(catalogue, 'catalogue').map((picture) => viewOf(catalogue, picture, role));
  return withRole(catalogue, role).map((picture) => ({
    name: picture.path,
    pixels: pixelsOf(catalogue, picture.row),
    relevant: relevantRows(catalogue, picture),
  }));
}

function viewOf(catalogue: Catalogue, picture: StoredPicture, role: QueryRole): EvaluationQuery {
  return {
    name: `${picture.path}#view`,
    // Made when asked for: the views of a large folder together are as large as its pixel cache.
    get pixels() {
      const source = pixelsOf(catalogue, picture.row);
      const view = new Uint8Array(source.length);
      augment(source, view, catalogue.size, VIEW, Random.stream(VIEW_SEED[role], picture.path));
      return view;
    },
    relevant: relevantRows(catalogue, picture),
  };
}
