import { Random } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import type { StoredPictures } from '../artifact/catalogue-store.ts';
import { CATALOGUE_FILE, MODEL_FILE } from '../artifact/manifest.ts';
import { trieOf } from '../artifact/trie-of.ts';
import { geometryOf } from '../dsi/model/geometry.ts';
import { DEFAULT_TEMPERATURE, writeRows } from '../dsi/model/memory.ts';
import type { DsiModel } from '../dsi/model/model-file.ts';
import { PrefixTable } from '../dsi/model/prefix-table.ts';
import { identifierLength } from '../identifiers/encode.ts';
import type { QueryEncoder } from '../models/encoder/query-encoder.ts';
import type { Metrics } from '../training/early-stopping.ts';
import { Validator } from '../training/validator.ts';
import { type Build, isWanted } from './build.ts';
import { Calibration } from './calibrate.ts';
import { readsEmbeddings } from './embed-stage.ts';
import { ExamplePictures } from './example-pictures.ts';
import { PARAMETERS_FILE, readSeenParameters } from './see-stage.ts';
import type { Stage } from './stage.ts';
import { WORK_FOLDER } from './stage-record.ts';
import { type WrittenNetwork, writeModel } from './train-network.ts';
import { openCatalogueOf, queryEncoderOf } from './train-stage.ts';

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
      const { model, table, calibration } = await writeMemory(build, store, encoder);
      throwIfInterrupted(build.signal);
      const metrics = await measure({ build, store, encoder, model, table, calibration, steps });
      return { trained: { steps, metrics }, model: await writeModel(build.folder, model) };
    } finally {
      await encoder?.encoder.release();
      await store.close();
    }
  },
};

/** The network with its memory, and what measures how well its probabilities can be believed. */
async function writeMemory(build: Build, store: StoredPictures, encoder: QueryEncoder | undefined) {
  const { config, reporter, runtime, signal } = build;
  const began = performance.now();
  const parameters = await readSeenParameters(build);
  const trie = trieOf(store, { config });
  const table = PrefixTable.create(trie, 'memory');
  const length = identifierLength(
    trie.scheme,
    store.catalogue.map(({ identifier }) => identifier ?? ''),
  );
  const geometry = geometryOf(config, trie.scheme.vocabulary, length, {
    embeddingRows: table.size,
    backbone: encoder === undefined ? undefined : store.embeddings,
  });
  const positions = new Map(store.catalogue.map(({ row }, position) => [row, position]));
  const positionOf = (row: number): number => defined(positions.get(row), 'the place of a row');
  const states = ofCatalogue(defined(store.states(), 'the states of the catalogue'), store, geometry.width);
  const rows = writeRows(table, states, geometry.width, positionOf);
  const seconds = (performance.now() - began) / 1000;
  reporter.info(`write: ${table.size} rows in ${seconds.toFixed(1)} s`);
  throwIfInterrupted(signal);
  const calibration = new Calibration(
    { store, runtime, geometry, parameters, states, positionOf, backbone: encoder },
    Random.stream(build.seed, 'calibration'),
  );
  const temperature = (await calibration.temperature()) ?? DEFAULT_TEMPERATURE;
  const model: DsiModel = { geometry, parameters, prefixes: table.stored, memory: { rows, temperature } };
  return { model, table, calibration };
}

/** The states of the catalogue pictures alone, float32 [N, D], in the same memory. @param states float32 [rows, D] */
function ofCatalogue(states: Float32Array, { catalogue }: StoredPictures, width: number): Float32Array {
  for (const [place, { row }] of catalogue.entries()) {
    if (row !== place) states.copyWithin(place * width, row * width, (row + 1) * width);
  }
  return states.subarray(0, catalogue.length * width);
}

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
