import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Device, parameterCount } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import type { Reporter } from '@neurodex/core';
import { writeFileAtomically } from '@neurodex/core/storage';
import type { Tracker } from '@neurodex/tracking';
import { type IndexManifest, MODEL_FILE } from '../artifact/manifest.ts';
import type { Config } from '../config.ts';
import { type DsiModel, serialiseForIndex } from '../dsi/model/model-file.ts';
import { dsiParameters } from '../dsi/model/parameters.ts';
import type { QueryEncoder } from '../models/encoder/query-encoder.ts';
import type { PictureStore } from '../pictures/picture-store.ts';
import type { Checkpoint } from '../training/checkpoint.ts';
import { CheckpointFolder } from '../training/checkpoint-folder.ts';
import { nodeMachine } from '../training/node-machine.ts';
import type { OnNan } from '../training/on-nan.ts';
import { planNetwork, type TrainedNetwork, train } from '../training/train.ts';
import type { ExamplePictures } from './example-pictures.ts';
import { parametersFrom } from './initial-parameters.ts';
import { CHECKPOINTS_FOLDER } from './unfinished-run.ts';

export interface NetworkOptions {
  readonly config: Config;
  readonly seed: number;
  readonly device: Device;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
  readonly onNan?: OnNan | undefined;
  /** Whether checkpoints are worth writing; by default true. */
  readonly keepUnfinished?: boolean | undefined;
  /** In front of the network, where the catalogue has embeddings. */
  readonly encoder?: QueryEncoder | undefined;
}

export interface WrittenNetwork {
  readonly trained: Pick<TrainedNetwork, 'steps' | 'metrics' | 'diverged'>;
  readonly model: NonNullable<IndexManifest['model']>;
}

/** The state of training that is kept, and that a resumed run begins with. */
export interface NetworkState {
  readonly resumeFrom: Checkpoint | undefined;
  readonly examples: ExamplePictures | undefined;
  save(checkpoint: Checkpoint, checkpoints: CheckpointFolder): Promise<void>;
}

/** Trains the network on the catalogue and writes its file. */
export async function makeNetwork(
  store: PictureStore,
  options: NetworkOptions,
  folder: string,
  tracker: Tracker,
  { resumeFrom, save, examples }: NetworkState,
): Promise<WrittenNetwork> {
  const { config, seed, device, reporter, encoder, keepUnfinished = true } = options;
  const checkpoints = new CheckpointFolder(join(folder, CHECKPOINTS_FOLDER), reporter);
  const { initialise } = config.training;
  const initial =
    resumeFrom === undefined && initialise !== ''
      ? await parametersFrom(initialise, planNetwork(store, config).geometry, { seed, reporter })
      : undefined;
  const trained = await train(store, config, {
    seed,
    runtime: nodeRuntime({ device }),
    machine: nodeMachine,
    tracker,
    reporter,
    signal: options.signal,
    onNan: options.onNan,
    backbone: encoder,
    initial,
    resumeFrom,
    ...(keepUnfinished
      ? { checkpoints: { save: (each) => save(each, checkpoints), settled: () => checkpoints.settled() } }
      : {}),
    onTrained: async (system, steps) => await examples?.trackAnswers(system, steps),
  });
  return { trained, model: await writeModel(folder, trained.model) };
}

/** Writes the file of a network. @returns what the manifest lists */
export async function writeModel(folder: string, model: DsiModel): Promise<WrittenNetwork['model']> {
  const bytes = serialiseForIndex(model);
  await writeFileAtomically(join(folder, MODEL_FILE), bytes);
  return {
    file: MODEL_FILE,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    parameters: parameterCount(dsiParameters(model.geometry)) + (model.memory?.rows.length ?? 0),
  };
}

/** What the manifest says of it. */
export const describeNetwork = ({ trained, model }: WrittenNetwork, device: Device, seconds: number) => ({
  model,
  training: {
    device,
    steps: trained.steps,
    seconds,
    validation: trained.metrics,
    ...(trained.diverged === undefined ? {} : { stopped: trained.diverged.message }),
  },
});
