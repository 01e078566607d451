import { defined } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import type { StoredPictures } from '../artifact/catalogue-store.ts';
import { CATALOGUE_FILE, MODEL_FILE } from '../artifact/manifest.ts';
import type { DsiModel } from '../dsi/model/model-file.ts';
import type { PrefixTable } from '../dsi/model/prefix-table.ts';
import type { QueryEncoder } from '../models/encoder/query-encoder.ts';
import type { Metrics } from '../training/early-stopping.ts';
import { Validator } from '../training/validator.ts';
import { type Build, isWanted } from './build.ts';
import type { Calibration } from './calibrate.ts';
import { readsEmbeddings } from './embed-stage.ts';
import { ExamplePictures } from './example-pictures.ts';
import { PARAMETERS_FILE, readSeenParameters } from './see-stage.ts';
import type { Stage } from './stage.ts';
import { WORK_FOLDER } from './stage-record.ts';
import { type WrittenNetwork, writeModel } from './train-network.ts';
import { openCatalogueOf, queryEncoderOf } from './train-stage.ts';
import { writeMemory } from './write-memory.ts';

const SEEN = `${WORK_FOLDER}/${PARAMETERS_FILE}`;

export const writeStage: Stage<WrittenNetwork> = {
  name: 'write',
  summary: 'the memory: one row for each prefix of identifiers, in closed form',
  reads: [CATALOGUE_FILE, SEEN],
  writes: [MODEL_FILE],
  drops: [SEEN],
  isPart: (build) => isWanted(build, 'dsi') && build.config.training.plan === 'write',
  async run(build) {
    const { steps } = defined(await build.facts('see'), 'what was seen');
    const store = await openCatalogueOf(build);
    const encoder = readsEmbeddings(build) ? await queryEncoderOf(build, store) : undefined;
    try {
      const { model, table, calibration } = await writeMemory({
        ...build,
        store,
        backbone: encoder,
        parameters: await readSeenParameters(build),
        states: defined(store.states(), 'the states of the catalogue'),
      });
      throwIfInterrupted(build.signal);
      const metrics = await measure({ build, store, encoder, model, table, calibration, steps });
      return { trained: { steps, metrics }, model: await writeModel(build.folder, model) };
    } finally {
      await encoder?.encoder.release();
      await store.close();
    }
  },
};

interface Measured {
  readonly build: Build;
  readonly store: StoredPictures;
  readonly encoder: QueryEncoder | undefined;
  readonly model: DsiModel;
  readonly table: PrefixTable;
  readonly calibration: Calibration;
  /** Of the stage `see`. */
  readonly steps: number;
}

/** Metrics of both tasks and the calibration error, tracked with answers to look at. */
async function measure({ build, store, encoder, model, table, calibration, steps }: Measured): Promise<Metrics> {
  const { config, runtime, reporter, tracker } = build;
  const { geometry, parameters } = model;
  const memory = defined(model.memory, 'the memory');
  const { retrieval: search } = config;
  const validator = new Validator({ runtime, geometry, table, store, search, backbone: encoder, memory });
  try {
    const tasks = await validator.measure(parameters, { indexing: 1, retrieval: 1 });
    const error = await calibration.error(validator.systemOf(parameters), memory.temperature);
    const metrics = { ...tasks, ...(error === undefined ? {} : { ECE: error }) };
    tracker.track({ kind: 'validation', phase: 'write', step: steps, metrics });
    throwIfInterrupted(build.signal);
    const examples = build.isTracked ? new ExamplePictures(store, tracker, reporter) : undefined;
    await examples?.trackInputs();
    await examples?.trackAnswers(validator.systemOf(parameters), steps);
    return metrics;
  } finally {
    await validator.close();
  }
}
