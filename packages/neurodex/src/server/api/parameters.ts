import { ROLES } from '@neurodex/datasets/names';
import { z } from 'zod';
import { SYSTEM_NAMES } from '../../query/system.ts';

/** Answers to one query at most: a page is no place for a whole catalogue of millions. */
export const MOST_ANSWERS = 1000;
/** Pictures on one page at most. */
export const MOST_PICTURES = 500;

/** Parameters come as text; in the OpenAPI document they are what the text says. */
const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(least).max(most));

const decimal = (least: number, most: number) =>
  z
    .string()
    .regex(/^(\d{1,15}(\.\d{0,15})?|\.\d{1,15})$/, 'must be a decimal number')
    .transform(Number)
    .pipe(z.number().min(least).max(most));

const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) => z.enum(words);

/** Repeated, or separated by commas; each once. */
const listOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z
    .union([z.string(), z.array(z.string())])
    .transform((given) => [...new Set([given].flat().flatMap((text) => text.split(',').map((word) => word.trim())))])
    .pipe(z.array(z.enum(words)).min(1));

/** Words that are added to a query, at most, and as many that are taken from it. */
const MOST_WORDS = 16;
/** One, or repeated. */
const texts = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => [given].flat())
  .pipe(z.array(z.string()).max(MOST_WORDS))
  .default([]);

/** Path parameters, by the name that stands in braces in `PATHS`. */
export const pathParameters = {
  index: z.string().describe('id of an index'),
  shard: wholeNumber(0, 99_999).describe('number of a shard'),
  picture: z.string().describe('id of a picture: <index>.<number>; below its index the number is enough'),
  model: z.string().describe('id of an index'),
  version: z.string().describe('version of the index, as GET /v1/indexes has it: no other one answers'),
} as const;

export const noQuery = z.strictObject({});

export const pageQuery = z.strictObject({
  role: oneOf(ROLES).optional().describe('only pictures with this part'),
  label: z.string().optional().describe('only pictures with this label'),
  offset: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(0).describe('pictures that are passed over'),
  limit: wholeNumber(1, MOST_PICTURES).default(60).describe('pictures on this page'),
});

export const imageQuery = z.strictObject({
  v: z
    .string()
    .regex(/^[0-9a-f]{1,64}$/)
    .optional()
    .describe('digest of the stored picture, as addresses in answers have it: what is found under it never changes'),
});

export const searchQuery = z.strictObject({
  index: z.string().optional().describe('id of an index; without it, the default index'),
  system: listOf(SYSTEM_NAMES)
    .optional()
    .describe('the systems to search with, separated by commas or repeated; all systems of the index by default'),
  plus: texts.describe('words that are added to the query; repeated for several'),
  minus: texts.describe('words that are taken from the query; repeated for several'),
  where: z
    .string()
    .min(1)
    .max(4000)
    .optional()
    .describe(
      'a filter: the best of the pictures that it takes are the answers, as year=2024 or "place=Paris and rating>=4" (docs/filters.md). Not with confidence, which is promised of the whole catalogue, and not of an index in shards',
    ),
  k: wholeNumber(1, MOST_ANSWERS).default(10).describe('answers of each system; confidence does not look at it'),
  minRelevance: decimal(0, 1)
    .optional()
    .describe(
      'leaves out, of the k best answers, those whose relevance is less. By default only systems answer whose answers are calibrated for such a query; not together with confidence',
    ),
  confidence: decimal(0.5, 0.99)
    .optional()
    .describe(
      'in place of the k best, the fewest answers of which one is relevant with this probability, those that would be relevant together by the best of them; none where nothing is found. By default only systems answer whose answers are calibrated for such a query; not together with minRelevance',
    ),
  explain: z
    .enum(['true', 'false'])
    .transform((word) => word === 'true')
    .pipe(z.boolean())
    .default(false)
    .describe('whether answers of dsi say how their tokens were written'),
  explainCount: wholeNumber(1, 10).default(3).describe('how many answers of dsi say so'),
});

/** Parameters of an inference request: JSON, in the protocol's own spelling. */
export const inferenceParameters = z.strictObject({
  k: z.int().min(1).max(MOST_ANSWERS).default(10),
  system: z.enum(SYSTEM_NAMES).optional(),
  where: z.string().min(1).max(4000).optional(),
  min_relevance: z.number().min(0).max(1).optional(),
  timeout: z.int().min(0).optional().describe('microseconds that the answer may take; 0: as long as any search'),
  binary_data_output: z.boolean().default(false).describe('whether outputs are bytes behind the JSON'),
  // Known, and without a meaning here: there is one priority, and one kind of elements.
  priority: z.unknown().optional(),
  content_type: z.unknown().optional(),
});

export type InferenceParameters = z.output<typeof inferenceParameters>;
