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
import { packNone, unpackNone } from '../relevance/packed-none.ts';

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
  sealed({
    format: FORMAT,
    version: VERSION,
    ...others,
    none: none && { ...packNone(none), auroc: none.auroc, unknown: none.unknown },
  });

/** @param bytes of the file @param path of it, for messages @throws NeurodexError `index-damaged`, `index-newer` */
export function parseRelevance(bytes: Uint8Array, path: string): Relevance {
  const value = parseJson(bytes, path);
  checkVersion(value, { file: path, format: FORMAT, version: VERSION, what: 'calibration' });
  checkSeal(value, path);
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success) throw malformed(path, 'the calibration of an index', parsed.error);
  const { catalogue, changed, none, systems } = parsed.data;
  return { catalogue, changed, systems, none: none && unpacked(none, path) };
}

function unpacked({ auroc, unknown, ...packed }: z.infer<typeof noneSchema>, path: string): Relevance['none'] {
  try {
    return { ...unpackNone(packed), auroc, unknown };
  } catch (error) {
    if (error instanceof RangeError) throw damaged(path, error.message);
    throw error;
  }
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
