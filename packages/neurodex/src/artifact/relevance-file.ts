import { join } from 'node:path';
import {
  checkSeal,
  checkVersion,
  damaged,
  malformed,
  parseJson,
  sealed,
  writeFileAtomically,
} from '@neurodex/core/storage';
import { z } from 'zod';
import { SYSTEM_NAMES } from '../query/system.ts';
import { CALIBRATED_KINDS, type KindCalibrations } from '../relevance/answer-judge.ts';
import { EVIDENCE_LENGTH } from '../relevance/known-classes.ts';
import type { NoneModel } from '../relevance/none.ts';

/** How scores become probabilities, and what a query without an answer looks like. */
export const RELEVANCE_FILE = 'relevance.json';
const FORMAT = 'neurodex-relevance';
const VERSION = 1;

const finite = z.number();
const share = z.number().min(0).max(1);
const rising = (values: readonly number[]): boolean =>
  values.every((value, i) => i === 0 || value >= (values[i - 1] ?? NaN));

const calibrationSchema = z.object({
  sharpness: z.number().positive(),
  relevance: z
    .object({ x: z.array(share).min(1).refine(rising), y: z.array(share).min(1).refine(rising) })
    .refine(({ x, y }) => x.length === y.length),
  found: z.array(share).refine(rising),
  /** Queries that it was fitted to. */
  queries: z.int().min(1),
});

/** Little-endian numbers of four bytes each, as base64. */
const packed = z.base64();
const logisticSchema = z
  .object({ means: z.array(finite), scales: z.array(finite), weights: z.array(finite), bias: finite })
  .refine(({ means, scales, weights }) => [means, scales, weights].every(({ length }) => length === EVIDENCE_LENGTH));

const noneSchema = z.object({
  blocks: z
    .array(z.object({ name: z.enum(['state', 'embedding', 'appearance']), length: z.int().min(1), scale: finite }))
    .min(1),
  mean: packed,
  components: packed,
  weights: packed,
  biases: packed,
  means: packed,
  precisions: packed,
  logDeterminants: packed,
  precisionOf: packed,
  model: logisticSchema,
  /** Area under the ROC curve of pictures of classes that were withheld, one group after another: what may be expected. */
  auroc: share,
  /** Pictures that stood for what is not in the catalogue. */
  unknown: z.int().min(1),
});

const fileSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  /** N, when it was fitted. */
  catalogue: z.int().min(1),
  /** Pictures that had come and gone by then. */
  changed: z.int().min(0),
  none: noneSchema.nullable(),
  systems: z.partialRecord(
    z.enum(SYSTEM_NAMES),
    z.object({ picture: calibrationSchema.optional(), text: calibrationSchema.optional() }),
  ),
  digest: z.string(),
});

/** What is known of the answers of an index. */
export interface Relevance {
  /** N, when it was fitted. */
  readonly catalogue: number;
  /** Pictures that had come and gone by then. */
  readonly changed: number;
  readonly none: (NoneModel & { readonly auroc: number; readonly unknown: number }) | null;
  readonly systems: { readonly [Name in (typeof SYSTEM_NAMES)[number]]?: KindCalibrations | undefined };
}

/** Share of the pictures that may come and go until the calibration counts as stale. */
const STALE = 0.1;

/** Whether an index is another one by now than the one that was calibrated: settling it calibrates it again. */
export function isStale(
  { catalogue, changed }: Relevance,
  counts: { readonly added: number; readonly removed: number } | undefined,
): boolean {
  const { added, removed } = counts ?? { added: 0, removed: 0 };
  return added + removed - changed > STALE * catalogue;
}

export async function writeRelevance(folder: string, relevance: Relevance): Promise<void> {
  await writeFileAtomically(join(folder, RELEVANCE_FILE), relevanceText(relevance));
}

export const relevanceText = ({ none, ...others }: Relevance): string =>
  sealed({ format: FORMAT, version: VERSION, ...others, none: none && packNone(none) });

/** @param bytes of the file @param path of it, for messages @throws NeurodexError `index-damaged`, `index-newer` */
export function parseRelevance(bytes: Uint8Array, path: string): Relevance {
  const value = parseJson(bytes, path);
  checkVersion(value, { file: path, format: FORMAT, version: VERSION, what: 'calibration' });
  checkSeal(value, path);
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success) throw malformed(path, 'the calibration of an index', parsed.error);
  const { catalogue, changed, none, systems } = parsed.data;
  return { catalogue, changed, systems, none: none && unpackNone(none, path) };
}

const base64 = (values: Float32Array | Int32Array): string =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');

function packNone({ blocks, projection, known, model, auroc, unknown }: NonNullable<Relevance['none']>) {
  return {
    blocks,
    mean: base64(projection.mean),
    components: base64(projection.components),
    weights: base64(known.weights),
    biases: base64(known.biases),
    means: base64(known.means),
    precisions: base64(known.precisions),
    logDeterminants: base64(known.logDeterminants),
    precisionOf: base64(known.precisionOf),
    model: { means: model.means, scales: model.scales, weights: model.weights, bias: model.bias },
    auroc,
    unknown,
  };
}

function unpackNone(stored: z.infer<typeof noneSchema>, path: string): NonNullable<Relevance['none']> {
  const bytesOf = (text: string, count: number): ArrayBuffer => {
    const bytes = new Uint8Array(Buffer.from(text, 'base64'));
    if (bytes.length !== 4 * count) throw damaged(path, 'holds arrays whose lengths do not fit each other');
    return bytes.buffer;
  };
  const floats = (text: string, count: number): Float32Array => {
    const values = new Float32Array(bytesOf(text, count));
    if (!values.every(Number.isFinite)) throw damaged(path, 'holds numbers that are not finite');
    return values;
  };
  const countOf = (text: string): number => Math.floor(Buffer.byteLength(text, 'base64') / 4);
  const length = stored.blocks.reduce((sum, block) => sum + block.length, 0);
  const width = countOf(stored.components) / length;
  const classes = countOf(stored.biases);
  const matrices = countOf(stored.logDeterminants);
  if (!Number.isInteger(width) || width < 1 || classes < 1 || matrices < 1) {
    throw damaged(path, 'holds arrays whose lengths do not fit each other');
  }
  const precisionOf = new Int32Array(bytesOf(stored.precisionOf, classes));
  if (precisionOf.some((place) => place < 0 || place >= matrices)) throw damaged(path, 'names a matrix that it lacks');
  return {
    blocks: stored.blocks,
    projection: { mean: floats(stored.mean, length), components: floats(stored.components, width * length) },
    known: {
      width,
      weights: floats(stored.weights, classes * width),
      biases: floats(stored.biases, classes),
      means: floats(stored.means, classes * width),
      precisions: floats(stored.precisions, matrices * width * width),
      logDeterminants: floats(stored.logDeterminants, matrices),
      precisionOf,
    },
    model: stored.model,
    auroc: stored.auroc,
    unknown: stored.unknown,
  };
}

/** What is to be said of a calibration. */
export const calibrationFacts = ({ none, systems }: Relevance) => ({
  systems: SYSTEM_NAMES.flatMap((system) =>
    CALIBRATED_KINDS.flatMap((kind) => {
      const found = systems[system]?.[kind];
      return found === undefined ? [] : [{ system, kind, queries: found.queries }];
    }),
  ),
  none: none === null ? null : { auroc: none.auroc, unknown: none.unknown },
});
