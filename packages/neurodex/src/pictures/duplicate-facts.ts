/** What is told of pictures that occur more than once. */
export interface DuplicateFacts {
  /** Pictures that occur more than once. */
  readonly sets: number;
  /** Files beyond the first of each. */
  readonly copies: number;
  /** Pictures whose copies have different labels. */
  readonly differentLabels: number;
  /** Copies that were left out, because the data set itself has the same pixels in another split. */
  readonly leftOut: number;
  /** Pictures that a data set with fixed roles has in several splits, resized or encoded again: they stay. */
  readonly acrossSplits: number;
  /** Paths of the first pictures that occur more than once. */
  readonly examples: readonly (readonly string[])[];
}

export const NO_DUPLICATES: DuplicateFacts = {
  sets: 0,
  copies: 0,
  differentLabels: 0,
  leftOut: 0,
  acrossSplits: 0,
  examples: [],
};
