import { join } from 'node:path';
import { parameterCount } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import { trackedReporter } from '@neurodex/tracking';
import { openPictures, type StoredPictures } from '../artifact/catalogue-store.ts';
import { CATALOGUE_FILE, MODEL_FILE, readListed } from '../artifact/manifest.ts';
import { dsiParameters } from '../dsi/model/parameters.ts';
import { openQueryEncoder } from '../systems/open-encoder.ts';
import type { Checkpoint, CheckpointContext } from '../training/checkpoint.ts';
import { CheckpointFolder } from '../training/checkpoint-folder.ts';
import { planNetwork } from '../training/train.ts';
import { type Build, isWanted } from './build.ts';
import { readsEmbeddings } from './embed-stage.ts';
import { ExamplePictures } from './example-pictures.ts';
import type { Stage } from './stage.ts';
import { makeNetwork, type WrittenNetwork } from './train-network.ts';
import { CHECKPOINTS_FOLDER } from './unfinished-run.ts';

export const trainStage: Stage<WrittenNetwork> = {
  name: 'train',
  summary: 'the network: one step after another, with checkpoints',
  reads: [CATALOGUE_FILE],
  writes: [CHECKPOINTS_FOLDER, MODEL_FILE],
  resumes: 'always',
  isPart: (build) => isWanted(build, 'dsi') && build.config.training.plan !== 'write',
  async run(build) {
    const store = await openCatalogueOf(build);
    const examples = build.isTracked ? new ExamplePictures(store, build.tracker, build.reporter) : undefined;
    await examples?.trackInputs();
    const encoder = readsEmbeddings(build) ? await queryEncoderOf(build, store) : undefined;
    const options = { ...build, encoder, reporter: trackedReporter(build.reporter, build.tracker) };
    try {
      return await makeNetwork(store, options, build.folder, build.tracker, {
        examples,
        resumeFrom: await latestCheckpoint(build, store),
        save: (checkpoint, checkpoints) =>
          checkpoints.save(checkpoint, { seconds: build.elapsed(), logBytes: build.log.sync() }),
      });
    } finally {
      await encoder?.encoder.release();
    }
  },
};

/** The catalogue of an index in the making, whose manifest is the one that was written. */
export async function openCatalogueOf(build: Pick<Build, 'catalogue' | 'facts'>): Promise<StoredPictures> {
  const { catalogue } = defined(await build.facts('identify'), 'the catalogue');
  return await openPictures(build.catalogue, { listed: catalogue });
}

/** Where training stopped; undefined where it has not begun. */
export async function latestCheckpoint(
  { folder, config, reporter }: Pick<Build, 'folder' | 'config' | 'reporter'>,
  store: StoredPictures,
): Promise<(Checkpoint & CheckpointContext) | undefined> {
  const parameters = parameterCount(dsiParameters(planNetwork(store, config).geometry));
  return await new CheckpointFolder(join(folder, CHECKPOINTS_FOLDER), reporter).latest(parameters);
}

export async function queryEncoderOf(build: Build, store: StoredPictures) {
  const { encoder } = defined(await build.facts('embed'), 'the embeddings');
  const files = { folder: build.folder, read: (listed: typeof encoder) => readListed(build.folder, listed) };
  return await openQueryEncoder(files, { encoder }, store, build.runtime);
}
