import { z } from 'zod';
import { FILTERS } from './filter-taps.ts';

const edge = z.int().min(1).max(8192);
const colours = z.tuple([z.number(), z.number(), z.number()]);
const size = z.strictObject({ height: edge, width: edge });

/**
 * How a picture becomes the input of an encoder, settled: the steps of an image processor of Hugging Face's transformers, in their
 * order. An index records it.
 */
export const preprocessingSchema = z.strictObject({
  /** To a size; or so that the shorter edge has a length, and the longer one what is left of a fraction of a pixel is cut off. */
  resize: z
    .union([size, z.strictObject({ shortestEdge: edge, ratioFirst: z.boolean().optional() })])
    .optional()
    .describe(
      'ratioFirst: the longer edge is (long / short) × edge, as Immich rounds it, and not (edge × long) / short',
    ),
  filter: z.enum(FILTERS),
  /** The middle; a picture that is smaller gets black edges. */
  crop: size.optional(),
  /** Bytes are multiplied by this … */
  factor: z.number(),
  /** … and this is added. */
  offset: z.number().optional(),
  /** Then, once or twice, means are subtracted and the rest is divided, for red, green and blue. */
  normalize: z.array(z.strictObject({ mean: colours, std: colours })).max(2),
});
export type Preprocessing = Readonly<z.infer<typeof preprocessingSchema>>;
