import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { inOrder } from '@neurodex/core/storage';
import { decodePicture } from '@neurodex/datasets/image';
import { z } from 'zod';
import type { RankedQuery } from '../packages/neurodex/src/evaluation/measure.ts';
import { parseMeasure } from '../packages/neurodex/src/evaluation/registry.ts';
import { DescriptorFile } from '../packages/neurodex/src/models/bovw/descriptor-file.ts';
import { Extractor } from '../packages/neurodex/src/models/bovw/extractor.ts';
import { HistogramCounter } from '../packages/neurodex/src/models/bovw/histogram.ts';
import { DESCRIPTOR_LENGTH } from '../packages/neurodex/src/models/bovw/parameters.ts';
import { buildVocabulary } from '../packages/neurodex/src/models/bovw/vocabulary.ts';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import { ExactVectorSearch, normalised } from '../packages/neurodex/src/systems/vector-search.ts';
import { atLeast, atMost, type Benchmark, ratio, type Side } from './benchmark.ts';
import { emojiSet, folderSet, type PictureSet, photographSet, SIZE } from './bovw-pictures.ts';
import { findPython, OPENCV } from './python.ts';
import { processorSeconds, siftSides } from './sift-sides.ts';
import { median, summarise } from './statistics.ts';

/** Pictures on which the seed's loops are timed: one takes a tenth of a second. */
const LOOP_PICTURES = 20;
/** Queries that are asked before those that are timed. */
const UNCOUNTED_QUERIES = 100;
const MEASURES = ['P@10', 'AP@10', 'RR', 'Success@1'] as const;

/** One build of one side, and its answers. */
interface Round {
  readonly descriptors: number;
  readonly inertia: number;
  readonly extraction: number;
  readonly vocabulary: number;
  readonly histogram: number;
  /** Seconds of each query: until its descriptors are there, and from there to the answers. */
  readonly queryExtraction: readonly number[];
  readonly querySearch: readonly number[];
  /** Processor seconds of all threads of each query, from its file to the answers; of Python's side the seed's loops. */
  readonly queryProcessor: readonly number[];
  /** Positions in the catalogue, best first, of each query. */
  readonly rankings: readonly (readonly number[])[];
}

interface Task extends PictureSet {
  readonly folder: string;
  readonly words: number;
  readonly restarts: number;
}

async function timed<T>(work: () => Promise<T>): Promise<[result: T, seconds: number]> {
  const start = performance.now();
  const result = await work();
  return [result, (performance.now() - start) / 1000];
}

const decode = async (file: string) =>
  decodePicture(await readFile(file), { name: file, size: SIZE, maxPixels: SIZE * SIZE });

/** The product's own functions, stage by stage as `index` calls them. */
async function ours({ catalogue, queries, folder, words, restarts }: Task, seed: number): Promise<Round> {
  const runtime = nodeRuntime();
  const extractor = new Extractor();
  const descriptors = await DescriptorFile.create(join(folder, `descriptors-${seed}`));
  const counts: number[] = [];
  const [, extraction] = await timed(async () => {
    const described = inOrder(catalogue, extractor.width(catalogue.length), async ({ file }) =>
      extractor.describe(await decode(file), catalogue.length),
    );
    for await (const found of described) {
      await descriptors.append(found);
      counts.push(found.length / DESCRIPTOR_LENGTH);
    }
  });
  // Queries come one at a time, as people ask them.
  await extractor.close();
  const [{ vocabulary, clustering }, seconds] = await timed(() =>
    buildVocabulary(descriptors, {
      runtime,
      words,
      rootSift: false,
      restarts,
      inMemory: PRESETS.default.bovw.descriptorsInMemory,
      random: Random.seeded(seed),
    }),
  );
  const counter = new HistogramCounter(runtime, vocabulary);
  const [histograms, histogram] = await timed(async () =>
    counter.count(await descriptors.read(0, descriptors.count), counts),
  );
  const search = new ExactVectorSearch(normalised(histograms, words), words);
  const rankings: number[][] = [];
  const queryExtraction: number[] = [];
  const querySearch: number[] = [];
  const queryProcessor: number[] = [];
  // The kernels are compiled for this thread while the first queries run.
  for (const { file } of [...queries, ...catalogue].slice(0, UNCOUNTED_QUERIES)) {
    await ask(await extractor.describe(await decode(file)));
  }
  for (const { file } of queries) {
    const before = processorSeconds();
    const [found, describing] = await timed(async () => extractor.describe(await decode(file)));
    const [answers, searching] = await timed(() => ask(found));
    queryProcessor.push(processorSeconds() - before);
    queryExtraction.push(describing);
    querySearch.push(searching);
    rankings.push(answers.map(({ position }) => position));
  }
  await counter.release();
  await descriptors.close();
  return {
    descriptors: descriptors.count,
    inertia: clustering.inertia,
    extraction,
    vocabulary: seconds,
    histogram,
    queryExtraction,
    querySearch,
    queryProcessor,
    rankings,
  };

  async function ask(found: Uint8Array) {
    const query = await counter.count(found, [found.length / DESCRIPTOR_LENGTH]);
    return search.nearest(query, catalogue.length);
  }
}

const answer = z.object({
  versions: z.record(z.string(), z.string()),
  threads: z.int(),
  descriptors: z.int(),
  inertia: z.number(),
  extraction_seconds: z.number(),
  vocabulary_seconds: z.number(),
  histogram_seconds: z.number(),
  loop_histogram_seconds_per_picture: z.number(),
  query_extraction_seconds: z.array(z.number()),
  query_search_seconds: z.array(z.number()),
  loop_query_search_seconds: z.array(z.number()),
  loop_query_processor_seconds: z.array(z.number()),
  rankings: z.array(z.array(z.int())),
});

interface PythonRound extends Round {
  readonly versions: Readonly<Record<string, string>>;
  readonly loopHistogram: number;
  readonly loopQuerySearch: readonly number[];
}

async function theirs(executable: string, task: Task, seed: number): Promise<PythonRound> {
  const { catalogue, queries, folder, words, restarts } = task;
  const file = join(folder, 'task.json');
  const names = (list: PictureSet['catalogue']) => list.map((picture) => picture.file);
  const request = { catalogue: names(catalogue), queries: names(queries), words, restarts, seed };
  await writeFile(file, JSON.stringify({ ...request, loop_pictures: LOOP_PICTURES }));
  const script = fileURLToPath(new URL('bovw.py', import.meta.url));
  const { stdout } = await promisify(execFile)(executable, [script, file], { maxBuffer: 1 << 28 });
  const found = answer.parse(JSON.parse(stdout));
  return {
    versions: found.versions,
    descriptors: found.descriptors,
    inertia: found.inertia,
    extraction: found.extraction_seconds,
    vocabulary: found.vocabulary_seconds,
    histogram: found.histogram_seconds,
    loopHistogram: found.loop_histogram_seconds_per_picture,
    queryExtraction: found.query_extraction_seconds,
    querySearch: found.query_search_seconds,
    queryProcessor: found.loop_query_processor_seconds,
    loopQuerySearch: found.loop_query_search_seconds,
    rankings: found.rankings,
  };
}

/** Measure → value of each query, the mean over the rounds: each has a vocabulary from another seed. */
function measured({ catalogue, queries }: Task, rounds: readonly Round[]): Record<string, number[]> {
  return Object.fromEntries(
    MEASURES.map((label) => {
      const { measure, cutoff } = parseMeasure(label);
      const values = queries.map((query, i) => {
        const relevant = catalogue.flatMap(({ file, label: of }) => (of === query.label ? [[file, 1] as const] : []));
        const judged = new Map(relevant);
        const each = rounds.map(({ rankings }) => {
          const ranking = (rankings[i] ?? []).map((position) => catalogue[position]?.file ?? '');
          return measure.compute({ ranking, grades: judged } satisfies RankedQuery, cutoff);
        });
        return each.reduce((sum, value) => sum + value, 0) / each.length;
      });
      return [label, values];
    }),
  );
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The mean difference, in standard errors of paired differences. */
function paired(a: readonly number[], b: readonly number[]): number {
  const differences = a.map((value, i) => value - (b[i] ?? Number.NaN));
  const middle = mean(differences);
  const variance = mean(differences.map((d) => (d - middle) ** 2)) * (a.length / (a.length - 1));
  return variance === 0 ? 0 : middle / Math.sqrt(variance / a.length);
}

const buildSeconds = ({ extraction, vocabulary, histogram }: Round): number => extraction + vocabulary + histogram;

function sideOf({ catalogue }: Task, rounds: readonly Round[], values: Record<string, number[]>) {
  const of = (value: (round: Round) => number) => summarise(rounds.map(value)).median;
  const milliseconds = (value: (round: Round) => number) => (1000 * of(value)) / catalogue.length;
  return {
    descriptors: rounds[0]?.descriptors,
    inertia: of(({ inertia }) => inertia),
    extractionMsPerPicture: milliseconds(({ extraction }) => extraction),
    vocabularySeconds: of(({ vocabulary }) => vocabulary),
    histogramMsPerPicture: milliseconds(({ histogram }) => histogram),
    buildSeconds: of(buildSeconds),
    queryMs: 1000 * of(({ queryExtraction, querySearch }) => median(queryExtraction) + median(querySearch)),
    queryAfterExtractionMs: 1000 * of(({ querySearch }) => median(querySearch)),
    measures: Object.fromEntries(Object.entries(values).map(([label, all]) => [label, mean(all)])),
  };
}

async function setOf(flags: Readonly<Record<string, unknown>>, folder: string): Promise<PictureSet> {
  if (typeof flags.photographs === 'string') return photographSet(flags.photographs, folder);
  if (typeof flags.pictures === 'string') return folderSet(flags.pictures, folder);
  return emojiSet(folder);
}

export const benchmark: Benchmark = {
  name: 'bovw',
  description: 'the bag of visual words beside OpenCV, scikit-learn and the seed’s loops',
  flags: {
    rounds: { type: 'string', default: '3' },
    words: { type: 'string', default: String(PRESETS.default.bovw.words) },
    restarts: { type: 'string', default: String(PRESETS.default.bovw.restarts) },
    pictures: { type: 'string' },
    photographs: { type: 'string' },
  },
  async run({ flags, log }) {
    const folder = await mkdtemp(join(tmpdir(), 'neurodex-bench-bovw-'));
    try {
      const set = await setOf(flags, folder);
      const task: Task = { ...set, folder, words: Number(flags.words), restarts: Number(flags.restarts) };
      log(`${set.description}: ${set.catalogue.length} in the catalogue, ${set.queries.length} queries`);
      const python = await findPython(OPENCV);
      const [our, their]: [Round[], PythonRound[]] = [[], []];
      for (let round = 0; round < Number(flags.rounds); round++) {
        const built = await ours(task, round);
        our.push(built);
        log(`round ${round + 1}: neurodex built in ${buildSeconds(built).toFixed(2)} s`);
        if ('missing' in python) continue;
        const builtThere = await theirs(python.executable, task, round);
        their.push(builtThere);
        log(`round ${round + 1}: OpenCV and scikit-learn in ${buildSeconds(builtThere).toFixed(2)} s`);
      }
      const values = measured(task, our);
      const neurodex = sideOf(task, our, values);
      const sides: Record<string, Side> = { pictures: describeSet(task), neurodex };
      if ('missing' in python) {
        sides.python = python;
        return { sides, ratios: {}, targets: targetsOf({}) };
      }
      const theirValues = measured(task, their);
      const vectorised = sideOf(task, their, theirValues);
      const loop = {
        histogramMsPerPicture: 1000 * median(their.map(({ loopHistogram }) => loopHistogram)),
        queryMs: 1000 * median(their.flatMap(loopQuery)),
        queryProcessorMs: queryProcessorMs(their),
        queryAfterExtractionMs: 1000 * median(their.flatMap(({ loopQuerySearch }) => loopQuerySearch)),
      };
      const one = await siftSides(
        python.executable,
        task.catalogue.map(({ file }) => file),
        folder,
      );
      sides.siftOnOneThread = { neurodex: one.neurodex, opencv: one.opencv };
      sides.python = { versions: their[0]?.versions, ...vectorised };
      sides.seed = { description: "the seed's loops over features and catalogue", ...loop };
      sides.neurodex = { ...neurodex, queryProcessorMs: queryProcessorMs(our) };
      const build = ratio(neurodex.buildSeconds, vectorised.buildSeconds);
      const query = ratio(loop.queryProcessorMs, queryProcessorMs(our));
      const search = ratio(loop.queryAfterExtractionMs, neurodex.queryAfterExtractionMs);
      const onOneThread = ratio(one.neurodex.seconds, one.opencv.seconds);
      const errors = paired(values['AP@10'] ?? [], theirValues['AP@10'] ?? []);
      return {
        sides,
        ratios: {
          "SIFT on one thread, seconds / OpenCV's": onOneThread,
          'extraction / python': ratio(neurodex.extractionMsPerPicture, vectorised.extractionMsPerPicture),
          'vocabulary / python': ratio(neurodex.vocabularySeconds, vectorised.vocabularySeconds),
          'build / python': build,
          'query / python': ratio(neurodex.queryMs, vectorised.queryMs),
          "seed's query / query": ratio(loop.queryMs, neurodex.queryMs),
          "seed's query / query, processor seconds": query,
          "seed's query after extraction / ours": search,
          "seed's query / extraction of a query by OpenCV": ratio(
            loop.queryMs,
            loop.queryMs - loop.queryAfterExtractionMs,
          ),
          'inertia / python': ratio(neurodex.inertia, vectorised.inertia),
        },
        targets: targetsOf({ onOneThread, errors, build, query, search }),
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

const describeSet = ({ description, catalogue, queries, words, restarts }: Task) => ({
  description,
  size: SIZE,
  catalogue: catalogue.length,
  queries: queries.length,
  words,
  restarts,
});

const queryProcessorMs = (rounds: readonly Round[]): number =>
  1000 * median(rounds.flatMap(({ queryProcessor }) => queryProcessor));

/** The seed's query: OpenCV's extraction, then its loops. */
const loopQuery = ({ queryExtraction, loopQuerySearch }: PythonRound): number[] =>
  loopQuerySearch.map((seconds, i) => seconds + (queryExtraction[i] ?? Number.NaN));

interface Values {
  readonly onOneThread?: number | null;
  readonly errors?: number | null;
  readonly build?: number | null;
  readonly query?: number | null;
  readonly search?: number | null;
}

const targetsOf = ({ onOneThread = null, errors = null, build = null, query = null, search = null }: Values) => [
  atMost("SIFT, seconds / OpenCV's", onOneThread, 1.3),
  atLeast('AP@10 above that of Python, in standard errors', errors, -2),
  atMost('build / Python with vectorised assignment', build, 1),
  atLeast("a query, seed's seconds / ours", query, 4),
  atLeast("the seed's query after extraction / ours", search, 20),
];
