import { nodeRuntime } from '@neurodex/autograd/node';
import type { Config } from '../packages/neurodex/src/config.ts';
import { DsiSystem } from '../packages/neurodex/src/dsi/search/dsi-system.ts';
import { evaluateSystem } from '../packages/neurodex/src/evaluation/evaluate.ts';
import { queriesOf } from '../packages/neurodex/src/evaluation/queries.ts';
import { parseMeasure } from '../packages/neurodex/src/evaluation/registry.ts';
import { type PictureStore, partsOf, pixelsOf } from '../packages/neurodex/src/pictures/picture-store.ts';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import { PUBLISHED } from '../packages/neurodex/src/study/published.ts';
import { atLeast, type Benchmark, type Target } from './benchmark.ts';
import { type FashionPictures, fashionPictures, scaledCatalogue } from './fashion.ts';
import { type OurTraining, trainOurs } from './our-training.ts';
import { findPython, PYTORCH } from './python.ts';
import { type SeedResult, trainSeed } from './seed-training.ts';
import { median } from './statistics.ts';

const QUALITY = 0.98;
/** The pictures are 28×28; the seed's network gets them enlarged to 160×160, ours as large as they are. */
const SIZE = 28;
const { size: SEED_SIZE } = PRESETS.seed.pictures;
const { indexingEpochs, retrievalEpochs, batchSize } = PRESETS.seed.training;
/**
 * Steps after which the mended form had IA@1 ≥ 0.98 on these pictures, looked at every 20 steps. Counted once by its
 * single forward pass, which differs in nothing but the draws of dropout (seed_training.py, one_pass).
 */
const MENDED_STEPS = 380;

/** The network of the preset `quick` for these pictures. */
const shaped: Config = {
  ...PRESETS.quick,
  pictures: { ...PRESETS.quick.pictures, size: SIZE },
  identifiers: { ...PRESETS.quick.identifiers, zeroPadding: false },
  model: { ...PRESETS.quick.model, patchSize: 4 },
  training: { ...PRESETS.quick.training, checkpointEvery: 1_000_000, patience: 0 },
};
/** The indexing task alone, as the seed's first phase: patches of 7×7, a higher learning rate, a look every 10 steps. */
const indexing: Config = {
  ...shaped,
  model: { ...shaped.model, patchSize: 7, stem: 'linear' },
  training: {
    ...shaped.training,
    plan: 'sequential',
    batchSize: 64,
    indexingEpochs: 150,
    retrievalEpochs: 0,
    learningRate: 3e-3,
    weightDecay: 0.01,
    validateEvery: 10,
  },
};

export const benchmark: Benchmark = {
  name: 'time-to-quality',
  description:
    'seconds until 128 pictures are indexed (IA@1 ≥ 0.98), and of both tasks, beside the seed’s algorithm in PyTorch',
  flags: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '120' },
    full: { type: 'boolean', default: false },
  },
  async run({ flags, log }) {
    const full = flags.full === true;
    const pictures = await fashionPictures(SEED_SIZE, 'clustered');
    const python = await findPython(PYTORCH);
    if ('missing' in pictures) return { sides: { neurodex: pictures, pytorch: pictures }, ratios: {}, targets: [] };
    const ours = await ourSide(pictures, Number(flags.rounds), log);
    const pytorch =
      'missing' in python
        ? python
        : await seedSide(python.executable, pictures, { full, seconds: Number(flags.seconds), log });
    const theirs = 'missing' in pytorch ? undefined : pytorch;
    const ratios: Record<string, number | null> = {};
    const targets: Target[] = [];
    const compare = (name: string, seconds: number | undefined, own: number, bound: number): void => {
      ratios[name] = seconds === undefined ? null : seconds / own;
      targets.push(atLeast(name, ratios[name] ?? null, bound));
    };
    const indexed = ours.indexing.medianSeconds;
    compare(`seed as written / neurodex, seconds to IA@1 ≥ ${QUALITY}`, theirs?.written.seconds, indexed, 20);
    compare(`seed mended / neurodex, seconds to IA@1 ≥ ${QUALITY}`, theirs?.mended.seconds, indexed, 20);
    compare(
      'seed / neurodex, seconds of a whole run of both tasks',
      theirs?.whole.seconds,
      ours.both.medianSeconds,
      30,
    );
    for (const [measure, reference] of Object.entries(theirs?.whole.measures ?? PUBLISHED_MEASURES)) {
      targets.push(atLeast(`${measure} of the whole run`, ours.both.metrics[measure] ?? null, reference));
    }
    return { sides: { neurodex: ours, pytorch }, ratios, targets };
  },
};

/** Of the notebook's report: 512 pictures of imagenette, clustered identifiers, both tasks. Its "MAP@10" is P@10. */
const PUBLISHED_MEASURES: Readonly<Record<string, number>> = Object.fromEntries(
  PUBLISHED.filter(
    ({ pictures, training, order }) => pictures === 512 && training === 'fine-tuned' && order === 'clustered',
  ).flatMap(({ metrics }) => ['IA@1', 'P@10'].map((name) => [name, metrics[name] ?? Number.NaN])),
);

async function ourSide(pictures: FashionPictures, rounds: number, log: (message: string) => void) {
  const runs: {
    indexing: { seconds: number; run: OurTraining }[];
    both: { seconds: number; run: OurTraining; metrics: Record<string, number> }[];
  } = { indexing: [], both: [] };
  for (let seed = 1; seed <= rounds; seed++) {
    for (const task of ['indexing', 'both'] as const) {
      const started = performance.now();
      const store = await scaledCatalogue(pictures, SIZE);
      const scaling = (performance.now() - started) / 1000;
      const enough = (metrics: Readonly<Record<string, number>>) => (metrics['IA@1'] ?? 0) >= QUALITY;
      const config = task === 'indexing' ? indexing : shaped;
      const run = await trainOurs(store, config, seed, task === 'indexing' ? enough : undefined);
      const seconds = scaling + run.seconds;
      if (task === 'both') runs.both.push({ seconds, run, metrics: await metricsOf(store, shaped, run) });
      else if (enough(run.course.at(-1)?.metrics ?? {})) runs.indexing.push({ seconds, run });
      else throw new Error(`indexing with seed ${seed} did not come to IA@1 ${QUALITY} in ${run.steps} steps`);
      log(`neurodex, ${task}, seed ${seed}: ${seconds.toFixed(2)} s, ${run.steps} steps`);
    }
  }
  const middle = runs.both.map(({ metrics }) => metrics);
  const names = Object.keys(middle[0] ?? {});
  return {
    indexing: {
      medianSeconds: median(runs.indexing.map(({ seconds }) => seconds)),
      all: runs.indexing.map(({ seconds, run: { steps } }) => ({ seconds, steps })),
    },
    both: {
      medianSeconds: median(runs.both.map(({ seconds }) => seconds)),
      steps: runs.both[0]?.run.steps,
      metrics: Object.fromEntries(
        names.map((name) => [name, median(middle.map((metrics) => metrics[name] ?? Number.NaN))]),
      ),
    },
  };
}

/** IA@1 over the catalogue, P@10 and AP@10 over the test queries. */
async function metricsOf(store: PictureStore, config: Config, { geometry, table, parameters }: OurTraining) {
  const system = new DsiSystem({ runtime: nodeRuntime(), geometry, table, search: config.retrieval, parameters });
  const own = store.catalogue.map(({ path, row }) => ({
    kind: 'picture' as const,
    name: path,
    pixels: pixelsOf(store, row),
    thumbnail: () => store.thumbnail(row),
    relevant: new Set([row]),
  }));
  const indexed = await evaluateSystem({ system, store, queries: own, measures: [parseMeasure('Success@1')] });
  const measures = ['P@10', 'AP@10'].map(parseMeasure);
  const retrieved = await evaluateSystem({ system, store, queries: queriesOf(store, 'test'), measures });
  await system.close();
  return { 'IA@1': indexed.metrics['Success@1'] ?? 0, ...retrieved.metrics };
}

interface SeedSide {
  readonly [figure: string]: unknown;
  readonly written: Timed;
  readonly mended: Timed;
  readonly whole: Timed & { readonly measures?: Readonly<Record<string, number>> };
}

interface Timed {
  readonly seconds: number;
  readonly steps: number;
  /** From seconds per step and a number of steps, without having run them. */
  readonly extrapolated: boolean;
  /** False: it had not come so far after these seconds; a ratio is then a lower bound. */
  readonly reached?: boolean;
  readonly 'IA@1'?: number | undefined;
  readonly secondsPerStep: number;
}

const FOREVER = 1e9;

/** `full` runs everything to its end: half a day. Else the written form has some seconds, and steps are extrapolated. */
async function seedSide(
  python: string,
  pictures: FashionPictures,
  { full, seconds, log }: { readonly full: boolean; readonly seconds: number; readonly log: (message: string) => void },
): Promise<SeedSide> {
  const { catalogue: own, queries } = partsOf(pictures.pictures);
  const epoch = Math.ceil(own.length / batchSize);
  const pairs = queries('train').reduce(
    (n, { labels }) => n + own.filter((one) => one.labels[0] === labels[0]).length,
    0,
  );
  const steps = indexingEpochs * epoch;
  const all = steps + retrievalEpochs * Math.ceil(pairs / batchSize);
  const until = { quality: QUALITY, steps, retrievalEpochs: 0 };
  const timed = (run: SeedResult): Timed => ({
    seconds: run.seconds,
    steps: run.steps,
    extrapolated: false,
    reached: run.reached,
    'IA@1': run.measures['IA@1'],
    secondsPerStep: run.seconds_per_step,
  });
  const written = timed(
    await trainSeed(python, pictures, { ...until, form: 'written', seconds: full ? FOREVER : seconds }, log),
  );
  const few = { ...until, form: 'mended', steps: 8, seconds: FOREVER } as const;
  const mended = full
    ? timed(await trainSeed(python, pictures, { ...few, steps }, log))
    : extrapolated(await trainSeed(python, pictures, few, log), MENDED_STEPS);
  if (!full) return { written, mended, whole: { ...extrapolated({ seconds_per_step: written.secondsPerStep }, all) } };
  const whole = await trainSeed(
    python,
    pictures,
    { form: 'written', quality: 2, steps, seconds: FOREVER, retrievalEpochs },
    log,
  );
  return { written, mended, whole: { ...timed(whole), measures: whole.measures } };
}

const extrapolated = (
  { seconds_per_step: secondsPerStep }: Pick<SeedResult, 'seconds_per_step'>,
  steps: number,
): Timed => ({
  seconds: secondsPerStep * steps,
  steps,
  extrapolated: true,
  secondsPerStep,
});
