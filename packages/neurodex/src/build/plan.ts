import { matrixOperations, parameterCount, Random, type Runtime, trainingGraph } from '@neurodex/autograd';
import { applyRules, type Dataset, type Role } from '@neurodex/datasets';
import { pictureBytes } from '@neurodex/datasets/picture';
import { trainingStep } from '../dsi/graphs/training.ts';
import { dsiParameters } from '../dsi/model/parameters.ts';
import { numeric } from '../identifiers/numeric.ts';
import { countParts, type PictureStore, partsOf, type StoredPicture } from '../pictures/picture-store.ts';
import { assignRoles, byPath } from '../pictures/split.ts';
import { BatchMaker } from '../training/batch-maker.ts';
import { nodeMachine } from '../training/node-machine.ts';
import { optimizerOf } from '../training/optimizer.ts';
import { plannedSteps, secondsPerStep, seeGeometry } from '../training/see.ts';
import { planNetwork } from '../training/train.ts';
import type { BuildRequest } from './build.ts';
import { readsEmbeddings } from './embed-stage.ts';
import { type PlannedEncoder, planEncoder, unlessDownloaded, withoutDownloads } from './plan-encoder.ts';
import { decodeSample, describeSeconds, productsPerSecond } from './plan-samples.ts';
import { readingSeconds, secondsAfterSeeing } from './see-budget.ts';
import type { Stage } from './stage.ts';
import type { StageName } from './stage-names.ts';

/** What a stage is expected to take. */
export interface PlannedStage {
  /** Which stage. */
  readonly name: StageName;
  /** What it does. */
  readonly summary: string;
  /** That it leaves in the index; null where only the work itself tells. */
  readonly bytes: number | null;
  /** That it takes on this machine; null where only the work itself tells. */
  readonly seconds: number | null;
}

/** A build before it begins: nothing is decoded but a few pictures, and nothing is trained. */
export interface BuildPlan {
  /** How many there are of each kind. */
  readonly pictures: Readonly<Record<Role, number>>;
  /** Of the network; 0 without one, as are the steps. */
  readonly parameters: number;
  /** Of training; 0 without a network. */
  readonly steps: number;
  /** In the order in which they run. */
  readonly stages: readonly PlannedStage[];
}

/** Share of the peak of matrix products that a training step reaches (docs/results.md: 0.45 to 0.57). */
const REACHED = 0.5;

/**
 * The stages of a build with their sizes and times on this machine. Duplicates, pictures that cannot be decoded and the clusters of
 * semantic identifiers are not known yet: the counts are those of the source, and identifiers are taken to be numeric.
 * @throws NeurodexError of the data set's rules
 */
export async function planBuild(asked: BuildRequest, runtime: Runtime, stages: readonly Stage[]): Promise<BuildPlan> {
  const request = withoutDownloads(asked);
  const { config, signal } = request;
  const dataset = await applyRules(request.dataset, config.dataset, signal === undefined ? {} : { signal });
  const rows = rowsOf(dataset, request);
  const store: PictureStore = {
    ...asStore(config.pictures.size),
    ...partsOf(rows),
    hasClasses: rows.some(({ labels }) => labels.length > 0),
  };
  const sample = await decodeSample(dataset, config);
  const describes = sample !== undefined && stages.some(({ name }) => name === 'describe');
  const describe = describes ? store.catalogue.length * (await describeSeconds(sample, config)) : undefined;
  // How many numbers an encoder gives of a picture is known when it is opened.
  const trains = stages.some(({ name }) => name === 'train') && !readsEmbeddings(request);
  const training = trains ? await planTrainingTime(store, request, runtime) : undefined;
  const n = rows.length;
  const decode = sample === undefined ? undefined : n * sample.seconds;
  const encoder = await unlessDownloaded(() => planEncoder(request, runtime));
  // An encoder is given each picture's file, read once more.
  const embed = encoder === undefined ? undefined : n * encoder.seconds + (decode ?? 0);
  const before = (decode ?? 0) + (describe ?? 0) + (embed ?? 0);
  const writing = stages.some(({ name }) => name === 'see')
    ? await unlessDownloaded(() => planWriting(store, request, runtime, { before, encoder }))
    : undefined;
  const pixels = n * pictureBytes(config.pictures.size);
  const estimates: { readonly [Name in StageName]: readonly [bytes: number | null, seconds: number | null] } = {
    decode: [0, decode ?? null],
    split: [pixels, null],
    embed: [encoder === undefined ? null : n * embeddingBytes(encoder), embed ?? null],
    describe: [null, describe ?? null],
    see: [0, writing?.see ?? null],
    identify: [sample === undefined ? null : n * sample.thumbnailBytes, writing?.identify ?? null],
    train: [training === undefined ? null : 4 * training.parameters, training?.seconds ?? null],
    write: [writing?.bytes ?? null, writing?.write ?? null],
    read: [null, writing?.read ?? null],
    finish: [null, null],
  };
  return {
    pictures: countParts(store),
    parameters: training?.parameters ?? writing?.parameters ?? 0,
    steps: training?.steps ?? writing?.steps ?? 0,
    stages: stages.map(({ name, summary }) => {
      const [bytes, seconds] = estimates[name];
      return { name, summary, bytes, seconds };
    }),
  };
}

/** The pictures with their roles and numeric identifiers, as if none were a copy. */
function rowsOf(dataset: Dataset, { config, seed }: BuildRequest): StoredPicture[] {
  const pictures = [...dataset.pictures].sort(byPath);
  const roles = assignRoles(pictures, config.split, Random.stream(seed, 'split'));
  const rows = pictures.map(
    ({ path, labels }, row) => ({ row, id: row, path, labels, role: roles[row] ?? 'catalogue' }) as const,
  );
  const catalogue = rows.filter(({ role }) => role === 'catalogue');
  const names = numeric.assign(
    catalogue,
    { order: 'clustered', zeroPadding: config.identifiers.zeroPadding },
    Random.stream(seed, 'identifiers'),
  );
  const identifiers = new Map(catalogue.map(({ row }, i) => [row, names[i]]));
  return rows.map((picture) => {
    const identifier = identifiers.get(picture.row);
    return identifier === undefined ? picture : { ...picture, identifier };
  });
}

const asStore = (size: number) => ({
  size,
  notices: [],
  skipped: [],
  pixels: new Uint8Array(),
  thumbnail: () => Promise.reject(new RangeError('a plan has no pictures')),
});

/** From the operations of a step's matrix products, and how fast this machine computes such products. */
async function planTrainingTime(store: PictureStore, { config, seed }: BuildRequest, runtime: Runtime) {
  const { table, geometry, examples, phases } = planNetwork(store, config);
  const parameters = parameterCount(dsiParameters(geometry));
  const perSecond = REACHED * (await productsPerSecond(runtime));
  const optimizer = optimizerOf(config.training);
  let seconds = 0;
  for (const phase of phases) {
    const { objective, size: batch } = new BatchMaker(
      { store, table, geometry, config, examples },
      phase,
      Random.seeded(seed),
    );
    const step = trainingStep({ geometry, batch, objective, dropout: config.model.dropout, optimizer });
    seconds += (phase.steps * matrixOperations(trainingGraph(step))) / perSecond;
  }
  return { parameters, steps: phases.reduce((sum, { steps }) => sum + steps, 0), seconds };
}

const embeddingBytes = ({ embeddings: { tokens, channels, views } }: PlannedEncoder): number =>
  Float32Array.BYTES_PER_ELEMENT * tokens * channels * (1 + views);

interface WritingContext {
  /** Seconds that earlier stages take. */
  readonly before: number;
  /** Undefined without one, and where nothing is known of it. */
  readonly encoder: PlannedEncoder | undefined;
}

/** Steps of the plan `write` are timed as they will be, but for the pictures: these are black, and embeddings zeros. */
async function planWriting(
  store: PictureStore,
  request: BuildRequest,
  runtime: Runtime,
  { before, encoder }: WritingContext,
) {
  const { config, seed } = request;
  const { minutes, batchSize } = config.training;
  const N = store.catalogue.length;
  if (readsEmbeddings(request) && encoder === undefined) return undefined;
  const embeddings = readsEmbeddings(request) ? encoder?.embeddings : undefined;
  const geometry = seeGeometry(config, embeddings);
  const pixels = new Uint8Array(pictureBytes(config.pictures.size));
  const seen = [...store.catalogue, ...store.queries('train')];
  // The build will say what is wrong with such pictures.
  if (seen.length === 0) return undefined;
  const pictures = seen.map(({ labels }) => ({ row: 0, labels }));
  const source = { geometry, config, store: { size: config.pictures.size, pixels, embeddings }, pictures };
  const seconds = await secondsPerStep(source, { runtime, machine: nodeMachine }, Random.seeded(seed));
  const after = secondsAfterSeeing(N, seconds / batchSize);
  const read = await readingSeconds(request, seen.length, runtime);
  const steps =
    minutes === 0
      ? plannedSteps(config, seen.length)
      : Math.max(1, Math.floor((60 * minutes - before - after.all - read) / seconds));
  const rows = Math.ceil(ROWS_PER_PICTURE * N);
  const parameters = parameterCount(dsiParameters(geometry)) + rows * geometry.width;
  return { steps, parameters, bytes: 4 * parameters, see: steps * seconds + after.states, read, ...after };
}

/** Of a memory: one for each picture, and one for each prefix above. */
const ROWS_PER_PICTURE = 1.1;
