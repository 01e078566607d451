import type { Role } from '@neurodex/datasets';

/** How a picture is a duplicate of another, from the most alike. */
export const DUPLICATE_KINDS = ['identical', 'equal', 're-encoded', 'resized', 'cropped', 'mirrored'] as const;

/** How a picture is a duplicate of another. */
export type DuplicateKind = (typeof DUPLICATE_KINDS)[number];

/** Copies of a picture, which show all of it. */
export const COPIES = ['identical', 'equal', 're-encoded', 'resized'] as const satisfies readonly DuplicateKind[];

/** What each kind means, for people. */
export const KIND_HELP = {
  identical: 'the same file',
  equal: 'the same pixels in another file',
  're-encoded': 'the same picture at the same size, encoded again or changed a little',
  resized: 'the same picture at another size',
  cropped: 'without its borders, up to a tenth of each edge',
  mirrored: 'left and right exchanged',
} as const satisfies Record<DuplicateKind, string>;

/** What is told of pictures that occur more than once. */
export interface DuplicateFacts {
  /** Pictures that occur more than once. */
  readonly sets: number;
  /** Files beyond the first of each. */
  readonly copies: number;
  /** Files that are not the best of their group, by kind, left out or not; absent in an index of an older version. */
  readonly kinds?: KindCounts | undefined;
  /** Pictures whose copies have different labels. */
  readonly differentLabels: number;
  /** Copies that were left out: the data set itself has the same pixels in another split, or only the best of a group was wanted. */
  readonly leftOut: number;
  /** Pictures that a data set with fixed roles has in several splits, other than with the same pixels: they stay. */
  readonly acrossSplits: number;
  /** Paths of the first pictures that occur more than once. */
  readonly examples: readonly (readonly string[])[];
}

/** How many duplicates there are of each kind. */
export type KindCounts = Readonly<Record<DuplicateKind, number>>;

export const NO_KINDS: KindCounts = {
  identical: 0,
  equal: 0,
  're-encoded': 0,
  resized: 0,
  cropped: 0,
  mirrored: 0,
};

export const NO_DUPLICATES: DuplicateFacts = {
  sets: 0,
  copies: 0,
  kinds: NO_KINDS,
  differentLabels: 0,
  leftOut: 0,
  acrossSplits: 0,
  examples: [],
};

/** A picture of a group; sizes are null where only an index or a prepared data set is at hand. */
export interface DuplicateMember {
  /** Its name. */
  readonly path: string;
  /** How it is a duplicate of the best one; null for that. */
  readonly kind: DuplicateKind | null;
  /** 1 − the energy of the difference from the best one, as a share of its variance. */
  readonly similarity: number;
  /** In pixels. */
  readonly width: number | null;
  /** In pixels. */
  readonly height: number | null;
  /** Of its file. */
  readonly bytes: number | null;
  /** Its classes. */
  readonly labels: readonly string[];
  /** Null where the source does not fix the roles. */
  readonly role: Role | null;
}
