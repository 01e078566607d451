import { z } from 'zod';

const count = z.int().min(0);

/** What is told of pictures that occur more than once. */
export const duplicateFactsSchema = z
  .object({
    /** Pictures that occur more than once. */
    sets: count,
    /** Files beyond the first of each. */
    copies: count,
    /** Pictures whose copies have different labels. */
    differentLabels: count,
    /** Copies that were left out, because the data set itself has the same pixels in another split. */
    leftOut: count,
    /** Pictures that a data set with fixed roles has in several splits, resized or encoded again: they stay. */
    acrossSplits: count,
    /** Paths of the first pictures that occur more than once. */
    examples: z.array(z.array(z.string()).readonly()).readonly(),
  })
  .readonly();
export type DuplicateFacts = z.infer<typeof duplicateFactsSchema>;

export const NO_DUPLICATES: DuplicateFacts = {
  sets: 0,
  copies: 0,
  differentLabels: 0,
  leftOut: 0,
  acrossSplits: 0,
  examples: [],
};
