import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { type Device, parameterCount, Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { type BuiltCatalogue, buildCatalogue } from '../catalogue/build.ts';
import { type Catalogue, withRole } from '../catalogue/catalogue.ts';
import { openCatalogue } from '../catalogue/store.ts';
import { checkConfig } from '../check-config.ts';
import type { Config } from '../config.ts';
import type { Dataset, SkippedFile } from '../datasets/dataset.ts';
import { NeurodexError } from '../errors.ts';
import { relevantRows } from '../evaluation/relevance.ts';
import { identifierLength } from '../identifiers/encode.ts';
import { SCHEMES } from '../identifiers/schemes.ts';
import { geometryOf } from '../models/dsi/geometry.ts';
import { serialiseModel } from '../models/dsi/model.ts';
import { dsiParameters } from '../models/dsi/parameters.ts';
import type { Reporter } from '../progress.ts';
import {
  CATALOGUE_FOLDER,
  describeIndex,
  INDEX_FILE,
  type IndexManifest,
  MODEL_FILE,
  writeIndexManifest,
} from '../retrieval/manifest.ts';
import { trieOf } from '../retrieval/open.ts';
import { BOVW_COLUMN } from '../retrieval/open-bovw.ts';
import { SYSTEMS, type SystemName } from '../retrieval/system.ts';
import { createFolder, writeFileAtomically } from '../storage/atomic.ts';
import { fanOut } from '../tracking/fan-out.ts';
import { RUN_LOG, RunLog } from '../tracking/run-log.ts';
import { trackedReporter } from '../tracking/tracked-reporter.ts';
import { DONE, type Tracker } from '../tracking/tracker.ts';
import { openTrackers, type TrackingRequest } from '../tracking/trackers.ts';
import { catalogueQueries, retrievalQueries } from '../training/examples.ts';
import { type TrainingResult, train } from '../training/loop.ts';
import { planTraining } from '../training/plan.ts';
import { VERSION } from '../version.ts';
import { type BuiltBovw, buildBovw } from './build-bovw.ts';
import { ExamplePictures } from './example-pictures.ts';
import { Validator } from './validate.ts';

export interface CreateIndexOptions {
  readonly dataset: Dataset;
  /** The folder to make. */
  readonly out: string;
  readonly config: Config;
  /**
   * What the index shall answer with. Unless given, everything that can be made of the pictures: a catalogue with too few
   * keypoints for a vocabulary goes without `bovw`, and says so.
   */
  readonly systems?: readonly SystemName[];
  readonly seed: number;
  /** Replace an index that is there. */
  readonly force: boolean;
  readonly device: Device;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
  /** Trackers besides the run log; none unless given. */
  readonly tracking?: TrackingRequest;
}

export interface IndexSummary {
  /** Absolute path. */
  readonly index: string;
  readonly catalogue: number;
  readonly queries: { readonly train: number; readonly validation: number; readonly test: number };
  readonly skipped: readonly SkippedFile[];
  readonly systems: readonly SystemName[];
  /** Of the network; 0 without one, as are the steps. */
  readonly parameters: number;
  readonly steps: number;
  readonly seconds: number;
  readonly validation: Readonly<Record<string, number>>;
}

/**
 * Pictures to index: builds the catalogue and its bag of visual words, trains the network, writes the folder. It appears under its name only when it
 * is complete; on an error or an interruption nothing is left. The one exception: training that diverges after it had a
 * good state leaves the index of that state, and then throws.
 * @throws NeurodexError of the catalogue, `config-invalid`, `output-exists`, `training-diverged`, `interrupted`
 */
export async function createIndex(options: CreateIndexOptions): Promise<IndexSummary> {
  const { out, force, signal, config } = options;
  checkConfig(config);
  const folder = { force, marker: INDEX_FILE, ...(signal === undefined ? {} : { signal }) };
  const { summary, diverged } = await createFolder(out, folder, (temporary) => fillIndex(options, temporary));
  if (diverged === undefined) return summary;
  throw new NeurodexError(
    diverged.code,
    `${diverged.message}; the index holds the last good state, of step ${summary.steps}`,
    {
      details: diverged.details,
      ...(diverged.hint === undefined ? {} : { hint: diverged.hint }),
    },
  );
}

interface Filled {
  readonly summary: IndexSummary;
  readonly diverged: NeurodexError | undefined;
}

async function fillIndex(options: CreateIndexOptions, folder: string): Promise<Filled> {
  const { dataset, config, seed, device, reporter } = options;
  const started = performance.now();
  const trackers = await openTrackers(options.tracking, folder, reporter);
  const tracker = fanOut([new RunLog(join(folder, RUN_LOG), reporter), ...trackers], reporter);
  try {
    tracker.track({
      kind: 'start',
      time: new Date().toISOString(),
      config,
      dataset: { name: dataset.name, source: dataset.source },
      seed,
    });
    const { built, bovw } = await ingest(options, folder);
    for (const file of built.skipped) tracker.track({ kind: 'skipped', ...file });
    const catalogue = await openCatalogue(join(folder, CATALOGUE_FOLDER));
    const wanted = options.systems ?? SYSTEMS;
    const systems = SYSTEMS.filter((name) => wanted.includes(name) && (name !== 'bovw' || bovw !== undefined));
    const trainNetwork = async () => {
      const examples = trackers.length === 0 ? undefined : new ExamplePictures(catalogue, folder, tracker, reporter);
      await examples?.trackInputs();
      const told = { ...options, reporter: trackedReporter(reporter, tracker) };
      return makeNetwork(catalogue, told, folder, tracker, examples);
    };
    const trained = systems.includes('dsi') ? await trainNetwork() : undefined;
    const seconds = (performance.now() - started) / 1000;
    await writeIndexManifest(
      folder,
      describeIndex({
        neurodex: VERSION,
        created: new Date().toISOString(),
        seed,
        dataset: { name: dataset.name, source: dataset.source },
        config,
        systems,
        ...(bovw === undefined ? {} : { bovw }),
        ...(trained === undefined ? {} : describeNetwork(trained, device, seconds)),
      }),
    );
    const diverged = trained?.result.diverged;
    tracker.track({ kind: 'end', time: new Date().toISOString(), reason: diverged?.message ?? DONE });
    const count = (role: 'train' | 'validation' | 'test') => withRole(catalogue, role).length;
    const summary: IndexSummary = {
      index: resolve(options.out),
      catalogue: withRole(catalogue, 'catalogue').length,
      queries: { train: count('train'), validation: count('validation'), test: count('test') },
      skipped: built.skipped,
      systems,
      parameters: trained?.model.parameters ?? 0,
      steps: trained?.result.steps ?? 0,
      seconds,
      validation: trained?.result.figures ?? {},
    };
    return { summary, diverged };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    tracker.track({ kind: 'end', time: new Date().toISOString(), reason });
    throw error;
  } finally {
    await tracker.close();
  }
}

/** The catalogue, and the bag of visual words of its pictures where that is wanted and can be made. */
async function ingest(
  options: CreateIndexOptions,
  folder: string,
): Promise<{ readonly built: BuiltCatalogue; readonly bovw: BuiltBovw['facts'] | undefined }> {
  const { dataset, config, seed, device, reporter, systems } = options;
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const scheme = SCHEMES[config.identifiers.scheme];
  let bovw: BuiltBovw | undefined;
  const built = await buildCatalogue(dataset, join(folder, CATALOGUE_FOLDER), {
    pictures: config.pictures,
    split: config.split,
    seed,
    reporter,
    ...signal,
    assignIdentifiers: (entries) => scheme.assign(entries, config.identifiers, Random.stream(seed, 'identifiers')),
    async describe(catalogue) {
      if (!(systems ?? SYSTEMS).includes('bovw')) return {};
      const runtime = nodeRuntime({ device });
      try {
        bovw = await buildBovw(catalogue, { folder, config: config.bovw, seed, runtime, reporter, ...signal });
        return { [BOVW_COLUMN]: bovw.vectors };
      } catch (error) {
        const tooFew = error instanceof NeurodexError && error.code === 'source-unusable';
        if (!tooFew || systems !== undefined) throw error;
        reporter.warn(`bovw is left out: ${error.message}`);
        return {};
      }
    },
  });
  return { built, bovw: bovw?.facts };
}

interface TrainedNetwork {
  readonly result: TrainingResult;
  readonly model: NonNullable<IndexManifest['model']>;
}

/** Trains the network on the catalogue and writes its file. */
async function makeNetwork(
  catalogue: Catalogue,
  options: CreateIndexOptions,
  folder: string,
  tracker: Tracker,
  examples: ExamplePictures | undefined,
): Promise<TrainedNetwork> {
  const { config } = options;
  const scheme = SCHEMES[config.identifiers.scheme];
  const identifiers = withRole(catalogue, 'catalogue').map(({ identifier }) => identifier ?? '');
  const geometry = geometryOf(config, scheme.vocabulary, identifierLength(scheme, identifiers));
  const result = await trainOn(catalogue, geometry, options, tracker, examples);
  const model = serialiseModel({ geometry, parameters: result.parameters });
  await writeFileAtomically(join(folder, MODEL_FILE), model);
  return {
    result,
    model: {
      file: MODEL_FILE,
      bytes: model.length,
      sha256: createHash('sha256').update(model).digest('hex'),
      parameters: parameterCount(dsiParameters(geometry)),
    },
  };
}

const describeNetwork = ({ result, model }: TrainedNetwork, device: Device, seconds: number) => ({
  model,
  training: {
    device,
    steps: result.steps,
    seconds,
    validation: result.figures,
    ...(result.diverged === undefined ? {} : { stopped: result.diverged.message }),
  },
});

async function trainOn(
  catalogue: Catalogue,
  geometry: ReturnType<typeof geometryOf>,
  { config, seed, device, reporter, signal }: CreateIndexOptions,
  tracker: Tracker,
  examples: ExamplePictures | undefined,
): Promise<TrainingResult> {
  const runtime = nodeRuntime({ device });
  const scheme = SCHEMES[config.identifiers.scheme];
  const trie = trieOf(catalogue, { config });
  const relevant = (picture: Parameters<typeof relevantRows>[1]) => relevantRows(catalogue, picture);
  const queries = retrievalQueries(catalogue, relevant);
  // Without queries (a flat folder), augmented catalogue pictures stand in for them.
  const ownQueries = catalogueQueries(catalogue, relevant);
  const drawn = queries.length > 0 ? queries : ownQueries;
  const pairs = drawn.reduce((n, example) => n + example.relevant.length, 0);
  const phases = planTraining(config, { catalogue: withRole(catalogue, 'catalogue').length, pairs });
  const validator = new Validator({ runtime, geometry, trie, catalogue, search: config.retrieval });
  try {
    const result = await train({
      runtime,
      geometry,
      source: { catalogue, scheme, trie, length: geometry.tokens, config },
      phases,
      examples: { queries, ownQueries },
      config,
      seed,
      tracker,
      reporter,
      signal,
      validate: (parameters, phase) => validator.measure(parameters, phase.mix),
    });
    await examples?.trackAnswers(validator.systemOf(result.parameters), result.steps);
    return result;
  } finally {
    await validator.close();
  }
}
