import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Device, parameterCount } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { type Catalogue, withRole } from '../catalogue/catalogue.ts';
import type { Config } from '../config.ts';
import { type Geometry, geometryOf } from '../dsi/model/geometry.ts';
import { serialiseModel } from '../dsi/model/model-file.ts';
import { dsiParameters } from '../dsi/model/parameters.ts';
import { NeurodexError } from '../errors.ts';
import { relevantRows } from '../evaluation/relevance.ts';
import { identifierLength } from '../identifiers/encode.ts';
import { schemeOf } from '../identifiers/schemes.ts';
import type { Reporter } from '../progress.ts';
import { type IndexManifest, MODEL_FILE } from '../retrieval/manifest.ts';
import { trieOf } from '../retrieval/open.ts';
import type { QueryEncoder } from '../retrieval/query-encoder.ts';
import { writeFileAtomically } from '../storage/atomic.ts';
import type { Tracker } from '../tracking/tracker.ts';
import { retrievalQueries, selfQueries } from '../training/batch-maker.ts';
import type { Checkpoint } from '../training/checkpoint.ts';
import { CheckpointFolder } from '../training/checkpoint-folder.ts';
import { type TrainingResult, train } from '../training/loop.ts';
import type { OnNan } from '../training/on-nan.ts';
import { type Phase, planTraining } from '../training/plan.ts';
import type { TrainingRun } from '../training/run.ts';
import type { ExamplePictures } from './example-pictures.ts';
import { parametersFrom } from './initial-parameters.ts';
import { CHECKPOINTS_FOLDER } from './unfinished-run.ts';
import { Validator } from './validate.ts';

export interface NetworkOptions {
  readonly config: Config;
  readonly seed: number;
  readonly device: Device;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
  readonly onNan?: OnNan;
  /** Whether checkpoints are worth writing: true unless told. */
  readonly keepUnfinished?: boolean;
  /** In front of the network, where the catalogue has embeddings. */
  readonly encoder?: QueryEncoder | undefined;
}

export interface TrainedNetwork {
  readonly result: TrainingResult;
  readonly model: NonNullable<IndexManifest['model']>;
}

/** The state of training that is kept, and that it goes on from. */
export interface NetworkState {
  readonly resumeFrom: Checkpoint | undefined;
  save(checkpoint: Checkpoint, checkpoints: CheckpointFolder): Promise<void>;
}

export function geometryFor(catalogue: Catalogue, config: Config, trie = trieOf(catalogue, { config })): Geometry {
  const scheme = schemeOf(config.identifiers);
  const identifiers = withRole(catalogue, 'catalogue').map(({ identifier }) => identifier ?? '');
  return geometryOf(config, scheme.vocabulary, identifierLength(scheme, identifiers), {
    embeddingRows: trie.embeddingRows,
    frozenBackbone: config.encoder.inFront ? catalogue.embeddings : undefined,
  });
}

/** Trains the network on the catalogue and writes its file. */
export async function makeNetwork(
  catalogue: Catalogue,
  options: NetworkOptions,
  folder: string,
  tracker: Tracker,
  { resumeFrom, save, examples }: NetworkState & { readonly examples: ExamplePictures | undefined },
): Promise<TrainedNetwork> {
  const geometry = geometryFor(catalogue, options.config);
  const checkpoints = new CheckpointFolder(join(folder, CHECKPOINTS_FOLDER), options.reporter);
  const result = await trainOn(catalogue, geometry, options, tracker, {
    resumeFrom,
    ...(options.keepUnfinished === false
      ? {}
      : {
          checkpoints: {
            save: (checkpoint: Checkpoint) => save(checkpoint, checkpoints),
            settled: () => checkpoints.settled(),
          },
        }),
    examples,
  });
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

/** What the manifest says of it. */
export const describeNetwork = ({ result, model }: TrainedNetwork, device: Device, seconds: number) => ({
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
  geometry: Geometry,
  { config, seed, device, reporter, signal, onNan = 'stop', encoder }: NetworkOptions,
  tracker: Tracker,
  {
    examples,
    ...state
  }: Pick<TrainingRun, 'resumeFrom' | 'checkpoints'> & { readonly examples: ExamplePictures | undefined },
): Promise<TrainingResult> {
  const { initialise } = config.training;
  const begins = state.resumeFrom === undefined && initialise !== '';
  const initial = begins ? await parametersFrom(initialise, geometry, { seed, reporter }) : undefined;
  const runtime = nodeRuntime({ device });
  const scheme = schemeOf(config.identifiers);
  const trie = trieOf(catalogue, { config });
  const relevant = (picture: Parameters<typeof relevantRows>[1]) => relevantRows(catalogue, picture);
  const queries = retrievalQueries(catalogue, relevant);
  // Without queries (a flat folder), augmented catalogue pictures stand in for them.
  const ownQueries = selfQueries(catalogue, relevant, config.training.ownShare);
  const drawn = queries.length > 0 ? queries : ownQueries;
  const pairs = drawn.reduce((n, example) => n + example.relevant.length, 0);
  const phases = planTraining(config, { catalogue: withRole(catalogue, 'catalogue').length, pairs });
  checkPhase(state.resumeFrom, phases);
  const validator = new Validator({ runtime, geometry, trie, catalogue, search: config.retrieval, encoder });
  try {
    const result = await train({
      runtime,
      geometry,
      source: { catalogue, scheme, trie, length: geometry.maxIdentifierLength, config },
      phases,
      examples: { queries, selfQueries: ownQueries },
      config,
      seed,
      tracker,
      reporter,
      signal,
      onNan,
      initial,
      ...state,
      validate: (parameters, phase) => validator.measure(parameters, phase.mix),
    });
    await examples?.trackAnswers(validator.systemOf(result.parameters), result.steps);
    return result;
  } finally {
    await validator.close();
  }
}

/** A plan that a changed configuration has left without the phase that the run is in. */
function checkPhase(resumeFrom: Checkpoint | undefined, phases: readonly Phase[]): void {
  if (resumeFrom === undefined || phases.some(({ name }) => name === resumeFrom.phase)) return;
  throw new NeurodexError('run-changed', `the run is in its ${resumeFrom.phase} phase, which the plan has no more`, {
    hint: `set training.${resumeFrom.phase}Epochs above 0`,
    details: { phase: resumeFrom.phase },
  });
}
