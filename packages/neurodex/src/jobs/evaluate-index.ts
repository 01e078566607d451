import type { Device } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { NeurodexError, type Reporter } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import { type Comparison, evaluateSystems } from '../evaluation/compare.ts';
import type { ProtocolName } from '../evaluation/protocol.ts';
import { queriesOf } from '../evaluation/queries.ts';
import type { ParsedMeasure } from '../evaluation/registry.ts';
import type { TextComparisons, TextRelevanceName } from '../evaluation/text-relevance.ts';
import type { SystemName } from '../query/system.ts';
import { type Index, openIndex } from '../systems/open-index.ts';
import { refuseUnaccepted } from '../systems/systems.ts';
import { evaluateShards, noWords } from './evaluate-shards.ts';
import { measureProbabilities, type SystemsRelevance } from './measure-probabilities.ts';
import {
  defaultTexts,
  LongCaptions,
  measureTexts,
  pictureSystems,
  planTexts,
  refuseIndexing,
  refuseRelevance,
  type TextPlan,
} from './measure-texts.ts';
import { isPlaceOfShards, notInShards } from './place-of-shards.ts';

/** Queries that can be measured on. */
export const SPLITS = ['test', 'validation'] as const;
export type Split = (typeof SPLITS)[number];

/** What is asked: pictures, captions, or both. */
export const ASKED = ['picture', 'text', 'all'] as const;
export type AskedName = (typeof ASKED)[number];

export interface EvaluateTextsOptions {
  /** A folder; of `evaluateIndex` also the place of an index in shards. */
  readonly index: string;
  /** Of those, the ones that take the queries; all that the index has by default. */
  readonly systems?: readonly SystemName[] | undefined;
  readonly split: Split;
  /** What is relevant to a caption; every protocol that has captions to ask by default. */
  readonly relevance?: TextRelevanceName | undefined;
  /** Those of the protocol by default. */
  readonly measures?: readonly ParsedMeasure[] | undefined;
  /** Of the intervals, and of the queries that a protocol draws; 0 by default. */
  readonly seed?: number | undefined;
  /** Folder for TREC files; those of captions are in `text-<relevance>`. */
  readonly trec?: string | undefined;
  /** Shards that a query is sent to, of an index in shards. */
  readonly asked?: number | undefined;
  /** Where the cache is, and the credentials of a store. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  readonly device: Device;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

export interface EvaluateOptions extends EvaluateTextsOptions {
  /** By default, captions as well as pictures where a system of the index reads and there are captions to ask. */
  readonly queries?: Exclude<AskedName, 'text'> | undefined;
  /** Of pictures, `full` by default. */
  readonly protocol?: ProtocolName | undefined;
}

/** What `evaluate --json` prints: picture → picture and, where captions were asked as well, text → picture. */
export interface IndexEvaluation extends Comparison {
  /** Of picture → picture, what probabilities are worth: null in an index that is not calibrated, absent with a protocol that draws queries and of an index in shards. */
  readonly relevance?: SystemsRelevance | null;
  /** Of text → picture. */
  readonly text?: TextComparisons;
}

/** What `evaluate --queries text --json` prints. */
export interface TextEvaluation {
  /** N */
  readonly catalogue: number;
  readonly text: TextComparisons;
}

/**
 * Measures systems over the pictures of a split, and over captions.
 * @throws NeurodexError of the index, `usage` for an empty split or where there is no caption that was to be asked,
 *   `query-unsupported`, `interrupted`
 */
export async function evaluateIndex({
  queries,
  protocol = 'full',
  relevance,
  ...others
}: EvaluateOptions): Promise<IndexEvaluation> {
  const options = { ...others, reporter: stoppable(others) };
  const { split, systems, measures } = options;
  refuseContradiction(queries, relevance, protocol);
  if (await isPlaceOfShards(options.index)) {
    const asked = { ...(queries && { queries }), ...(relevance && { relevance }) };
    return await evaluateShards({ ...options, ...asked, protocol });
  }
  if (options.asked !== undefined) throw notInShards(options.index);
  return await withIndex(options, async (index, long) => {
    const asked = { systems, split, relevance, measures };
    let plan: TextPlan | undefined;
    if (queries === 'all' || relevance !== undefined) plan = planTexts(index, asked);
    else if (queries === undefined && protocol === 'full') plan = defaultTexts(index, asked);
    const names = pictureSystems(index, systems, plan);
    const pictures = queriesOf(index.store, split);
    const comparison = await evaluateSystems({
      ...measuring(options),
      protocol,
      ...(measures === undefined ? {} : { measures }),
      systems: await Promise.all(names.map((name) => index.system(name))),
      store: index.store,
      queries: pictures,
    });
    return {
      ...comparison,
      ...(protocol === 'full'
        ? { relevance: await measureProbabilities(index, names, pictures, options.reporter) }
        : {}),
      ...(plan === undefined ? {} : { text: await measureTexts(index, plan, { ...measuring(options), long }) }),
    };
  });
}

/**
 * Measures systems over captions alone.
 * @throws NeurodexError of the index; `usage` where there is no caption to ask, or for a measure of the indexing task;
 *   `query-unsupported`
 */
export async function evaluateTexts(asked: EvaluateTextsOptions): Promise<TextEvaluation> {
  const options = { ...asked, reporter: stoppable(asked) };
  refuseIndexing(options.measures ?? []);
  if (await isPlaceOfShards(options.index)) throw noWords(options.index);
  return await withIndex(options, async (index, long) => {
    for (const name of options.systems ?? []) refuseUnaccepted(name, [{ kind: 'text' }], index.manifest);
    const plan = planTexts(index, options);
    const text = await measureTexts(index, plan, { ...measuring(options), long });
    return { catalogue: index.store.catalogue.length, text };
  });
}

/** Every query is reported: there a measurement stops that is no longer wanted. */
const stoppable = ({ reporter, signal }: Pick<EvaluateTextsOptions, 'reporter' | 'signal'>): Reporter => ({
  progress(event) {
    throwIfInterrupted(signal);
    reporter.progress(event);
  },
  warn: (message, details) => reporter.warn(message, details),
  info: (message) => reporter.info(message),
});

async function withIndex<T>(
  { index: folder, device, reporter }: EvaluateTextsOptions,
  work: (index: Index, long: LongCaptions) => Promise<T>,
): Promise<T> {
  const long = new LongCaptions();
  const index = await openIndex(folder, nodeRuntime({ device }), reporter, long);
  try {
    return await work(index, long);
  } finally {
    await index.close();
  }
}

const measuring = ({ seed, trec, reporter }: EvaluateTextsOptions) => ({
  reporter,
  ...(seed === undefined ? {} : { seed }),
  ...(trec === undefined ? {} : { trec }),
});

/** @throws NeurodexError `usage` for options that do not go together */
function refuseContradiction(
  queries: EvaluateOptions['queries'],
  relevance: TextRelevanceName | undefined,
  protocol: ProtocolName,
): void {
  if (queries === 'picture' && relevance !== undefined) refuseRelevance(relevance);
  if (protocol !== 'full' && (queries === 'all' || relevance !== undefined)) {
    throw new NeurodexError('usage', `the protocol ${protocol} asks pictures only`, {
      hint: 'leave out --protocol, or ask --queries picture',
    });
  }
}
