import { z } from 'zod';

/** What one server asks another of a shard, and what it is answered, as JSON. */

/** Queries of one request at most, and answers to each. */
export const MOST_STATES = 64;
const MOST_ANSWERS = 1000;
/** Bytes of a request at most: 64 states of width 4096, as base64. */
export const REQUEST_BYTES = 2 * 2 ** 20;

const count = z.int().min(0);

export const shardQuestion = z.strictObject({
  record: z
    .strictObject({ bytes: count, sha256: z.string().regex(/^[0-9a-f]{64}$/) })
    .describe('of the shard, as router.json has it: no other version answers'),
  states: z
    .string()
    .describe('of the queries, unit vectors: float32 [B, D], little-endian, as padded base64; B up to 64'),
  k: z.int().min(1).max(MOST_ANSWERS).describe('answers to each query'),
  shares: z
    .array(z.number().min(0).max(1))
    .max(MOST_STATES)
    .optional()
    .describe(
      'for each query, the probability of this shard among those that it is sent to: so much of the beam is its; all of it by default',
    ),
});

const shardPicture = z.object({
  id: count.describe('its number in the shard'),
  path: z.string(),
  labels: z.array(z.string()),
  identifier: z.string().describe('the tokens that name it in the shard'),
  stored: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('SHA-256 of the file that the picture is stored in'),
});

export const shardAnswers = z.object({
  answers: z
    .array(
      z.object({
        logSum: z.number().describe('log Σ exp(τ·x·h) over the states x of the shard, of the state h of the query'),
        answers: z
          .array(
            z.object({ row: count, score: z.number().describe('log P(id | query, shard)'), picture: shardPicture }),
          )
          .describe('best first'),
      }),
    )
    .describe('one for each query'),
});

export type ShardQuestionJson = z.infer<typeof shardQuestion>;

/** float32, little-endian, as this machine has it. */
export const encodeStates = ({ buffer, byteOffset, byteLength }: Float32Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64');

/** How far the length of a state may be from 1. */
const TOLERANCE = 1e-2;

/** @param width D @returns the states, or what is wrong with them in words */
export function decodeStates(text: string, width: number): Float32Array<ArrayBuffer> | string {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) return 'the states are no padded base64';
  const size = width * Float32Array.BYTES_PER_ELEMENT;
  const queries = bytes.length / size;
  if (!Number.isInteger(queries) || queries < 1 || queries > MOST_STATES) {
    return `the states have ${bytes.length} bytes, and one to ${MOST_STATES} states of width ${width} have ${size} each`;
  }
  const states = new Float32Array(queries * width);
  new Uint8Array(states.buffer).set(bytes);
  for (let query = 0; query < queries; query++) {
    let square = 0;
    for (let d = 0; d < width; d++) square += (states[query * width + d] ?? NaN) ** 2;
    if (!(Math.abs(square - 1) <= TOLERANCE)) return `state ${query} is no unit vector`;
  }
  return states;
}
