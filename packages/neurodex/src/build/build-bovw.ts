import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Random, type Runtime } from '@neurodex/autograd';
import type { Reporter } from '@neurodex/core';
import { NeurodexError } from '@neurodex/core';
import { digestFile, inOrder, throwIfInterrupted, writeFileAtomically } from '@neurodex/core/storage';
import { enlarged } from '@neurodex/datasets/image';
import { type IndexManifest, NEIGHBOURS_FILE, VOCABULARY_FILE } from '../artifact/manifest.ts';
import type { Config } from '../config.ts';
import { DescriptorFile } from '../models/bovw/descriptor-file.ts';
import { Extractor } from '../models/bovw/extractor.ts';
import { HistogramCounter } from '../models/bovw/histogram.ts';
import { DESCRIPTOR_LENGTH } from '../models/bovw/parameters.ts';
import { buildVocabulary, fingerprint, serialiseVocabulary, type Vocabulary } from '../models/bovw/vocabulary.ts';
import { weightBy } from '../models/bovw/weighting.ts';
import { decodeThumbnail } from '../pictures/thumbnail.ts';
import { ApproximateVectorSearch } from '../systems/approximate-search.ts';
import { normalised } from '../systems/vector-search.ts';
import type { CatalogueVectors, DecodedPictures } from './draft.ts';

/** Descriptors on their way into the vocabulary. */
export const DESCRIPTORS_FILE = 'descriptors.spool';

export interface BuildBovwOptions {
  /** The index folder in the making. */
  readonly folder: string;
  readonly config: Config['bovw'];
  /** Edge at which pictures are described; smaller thumbnails are enlarged to it. */
  readonly edge: number;
  readonly seed: number;
  readonly runtime: Runtime;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
}

/** The bag of visual words of a catalogue: what goes into the catalogue, and what the manifest says. */
export interface BuiltBovw {
  readonly vectors: CatalogueVectors;
  readonly facts: NonNullable<IndexManifest['bovw']>;
}

/** Pictures whose descriptors are counted together. */
const PICTURES_AT_ONCE = 64;

/**
 * Describe the catalogue pictures by SIFT, cluster the descriptors into visual words, count the words of each picture.
 * @throws NeurodexError `source-unusable` when there are fewer descriptors than words, `interrupted`, `disk-full`
 */
export async function buildBovw(catalogue: DecodedPictures, options: BuildBovwOptions): Promise<BuiltBovw> {
  const { folder, config, seed, runtime } = options;
  const spool = join(folder, DESCRIPTORS_FILE);
  const descriptors = await DescriptorFile.create(spool);
  try {
    const counts = await describeAll(catalogue, descriptors, options);
    if (descriptors.count < config.words) throw tooFew(config.words, descriptors.count, counts.length);
    const { vocabulary, clustering } = await buildVocabulary(descriptors, {
      runtime,
      words: config.words,
      rootSift: config.rootSift,
      restarts: config.restarts,
      inMemory: config.descriptorsInMemory,
      random: Random.stream(seed, 'vocabulary'),
      onIteration: vocabularyProgress(options),
    });
    const serialised = serialiseVocabulary(vocabulary);
    await writeFileAtomically(join(folder, VOCABULARY_FILE), serialised);
    const sha256 = fingerprint(serialised);
    const values = await countAll(descriptors, counts, vocabulary, runtime);
    const neighbours = await buildNeighbours(values, vocabulary.size, options);
    return {
      vectors: { values, length: vocabulary.size, producer: sha256 },
      facts: {
        vocabulary: { file: VOCABULARY_FILE, bytes: serialised.length, sha256 },
        descriptors: descriptors.count,
        withoutKeypoints: counts.filter((count) => count === 0).length,
        inertia: clustering.inertia,
        ...(neighbours === undefined ? {} : { neighbours }),
      },
    };
  } finally {
    await descriptors.close();
    await rm(spool, { force: true });
  }
}

/** @returns descriptors of each picture */
async function describeAll(
  { catalogue: pictures, thumbnail }: DecodedPictures,
  descriptors: DescriptorFile,
  { edge, reporter, signal }: BuildBovwOptions,
): Promise<number[]> {
  const extractor = new Extractor();
  const counts: number[] = [];
  try {
    const described = inOrder(pictures, extractor.width(pictures.length), async (picture) =>
      extractor.describe(
        await enlarged(await decodeThumbnail(await thumbnail(picture), picture.path), edge),
        pictures.length,
      ),
    );
    for await (const found of described) {
      throwIfInterrupted(signal);
      await descriptors.append(found);
      counts.push(found.length / DESCRIPTOR_LENGTH);
      reporter.progress({ phase: 'describe', done: counts.length, total: pictures.length, unit: 'pictures' });
    }
  } finally {
    await extractor.close();
  }
  const without = pictures.filter((_, i) => counts[i] === 0);
  if (without.length > 0) {
    reporter.warn(
      `${without.length} of ${pictures.length} catalogue pictures have no keypoint, ${without[0]?.path} among them: bovw ranks them last`,
      { pictures: without.length },
    );
  }
  return counts;
}

function vocabularyProgress({ reporter, signal }: BuildBovwOptions) {
  let done = 0;
  return ({ inertia }: { readonly inertia: number }): void => {
    throwIfInterrupted(signal);
    reporter.progress({ phase: 'vocabulary', done: ++done, unit: 'iterations', metrics: { inertia } });
  };
}

/** Histograms of all pictures: float32 [N, k]. */
async function countAll(
  descriptors: DescriptorFile,
  counts: readonly number[],
  vocabulary: Vocabulary,
  runtime: Runtime,
): Promise<Float32Array> {
  const counter = new HistogramCounter(runtime, vocabulary);
  const values = new Float32Array(counts.length * vocabulary.size);
  try {
    let start = 0;
    for (let first = 0; first < counts.length; first += PICTURES_AT_ONCE) {
      const part = counts.slice(first, first + PICTURES_AT_ONCE);
      const end = part.reduce((sum, count) => sum + count, start);
      values.set(await counter.count(await descriptors.read(start, end), part), first * vocabulary.size);
      start = end;
    }
  } finally {
    await counter.release();
  }
  return values;
}

/** The graph of approximate search, for a catalogue that is too large to compare exhaustively. */
async function buildNeighbours(
  histograms: Float32Array,
  words: number,
  { folder, config, reporter }: BuildBovwOptions,
): Promise<NonNullable<IndexManifest['bovw']>['neighbours']> {
  const pictures = histograms.length / words;
  if (pictures <= config.exactUpTo) return undefined;
  reporter.info(`building the graph for approximate search over ${pictures} histograms`);
  const weighted = weightBy(config.weighting, histograms, words)(histograms);
  const search = await ApproximateVectorSearch.build(normalised(weighted, words), words);
  const path = join(folder, NEIGHBOURS_FILE);
  search.save(path);
  const { bytes, sha256 } = await digestFile(path);
  return { file: NEIGHBOURS_FILE, bytes, sha256 };
}

function tooFew(words: number, descriptors: number, pictures: number): NeurodexError {
  return new NeurodexError(
    'source-unusable',
    `bovw.words is ${words}, and the ${pictures} catalogue pictures have ${descriptors} descriptors to cluster`,
    {
      hint:
        descriptors < 2
          ? 'leave bovw out with --systems dsi,pixels'
          : `set bovw.words to at most ${descriptors}, or leave bovw out with --systems dsi,pixels`,
      details: { words, descriptors, pictures },
    },
  );
}
