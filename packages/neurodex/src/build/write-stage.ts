import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { parameterCount, Random } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import { throwIfInterrupted, writeFileAtomically } from '@neurodex/core/storage';
import { CATALOGUE_FILE, MODEL_FILE } from '../artifact/manifest.ts';
import { trieOf } from '../artifact/trie-of.ts';
import { geometryOf } from '../dsi/model/geometry.ts';
import { DEFAULT_TEMPERATURE, writeRows } from '../dsi/model/memory.ts';
import { type DsiModel, serialiseModel } from '../dsi/model/model-file.ts';
import { dsiParameters } from '../dsi/model/parameters.ts';
import { PrefixTable } from '../dsi/model/prefix-table.ts';
import { identifierLength } from '../identifiers/encode.ts';
import { Validator } from '../training/validator.ts';
import { type Build, isWanted } from './build.ts';
import { Calibration } from './calibrate.ts';
import { readsEmbeddings } from './embed-stage.ts';
import { ExamplePictures } from './example-pictures.ts';
import { readSeenParameters, readStates } from './see-stage.ts';
import type { Stage } from './stage.ts';
import { WORK_FOLDER } from './stage-record.ts';
import type { WrittenNetwork } from './train-network.ts';
import { openCatalogueOf, queryEncoderOf } from './train-stage.ts';

export const writeStage: Stage<WrittenNetwork> = {
  name: 'write',
  summary: 'the memory: one row for each prefix of identifiers, in closed form',
  reads: [CATALOGUE_FILE, `${WORK_FOLDER}/see.f32`, `${WORK_FOLDER}/states.f32`],
  writes: [MODEL_FILE],
  drops: [`${WORK_FOLDER}/see.f32`, `${WORK_FOLDER}/states.f32`],
  isPart: (build) => isWanted(build, 'dsi') && build.config.training.plan === 'write',
  async run(build) {
    const { config, reporter, runtime } = build;
    const seen = defined(await build.facts('see'), 'what was seen');
    const store = await openCatalogueOf(build);
    const encoder = readsEmbeddings(build) ? await queryEncoderOf(build, store) : undefined;
    try {
      const began = performance.now();
      const parameters = await readSeenParameters(build);
      const { values: states, length: width } = await readStates(build);
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
      const rows = writeRows(table, states, width, positionOf);
      const seconds = (performance.now() - began) / 1000;
      reporter.info(`write: ${table.size} rows in ${seconds.toFixed(1)} s`);
      throwIfInterrupted(build.signal);
      const calibration = new Calibration(
        {
          store,
          runtime,
          geometry,
          parameters,
          states,
          positionOf,
          backbone: encoder,
        },
        Random.stream(build.seed, 'calibration'),
      );
      const temperature = (await calibration.temperature()) ?? DEFAULT_TEMPERATURE;
      const model: DsiModel = { geometry, parameters, prefixes: table.stored, memory: { rows, temperature } };
      const validator = new Validator({
        runtime,
        geometry,
        table,
        store,
        search: config.retrieval,
        backbone: encoder,
        memory: model.memory,
      });
      try {
        const metrics = await validator.measure(parameters, { indexing: 1, retrieval: 1 });
        const error = await calibration.error(validator.systemOf(parameters), temperature);
        const all = { ...metrics, ...(error === undefined ? {} : { ECE: error }) };
        build.tracker.track({ kind: 'validation', phase: 'write', step: seen.steps, metrics: all });
        throwIfInterrupted(build.signal);
        const examples = build.isTracked ? new ExamplePictures(store, build.tracker, reporter) : undefined;
        await examples?.trackInputs();
        await examples?.trackAnswers(validator.systemOf(parameters), seen.steps);
        return await written(build, model, { steps: seen.steps, metrics: all });
      } finally {
        await validator.close();
      }
    } finally {
      await encoder?.encoder.release();
      await store.close();
    }
  },
};

async function written(build: Build, model: DsiModel, trained: WrittenNetwork['trained']): Promise<WrittenNetwork> {
  const bytes = serialiseModel(model);
  await writeFileAtomically(join(build.folder, MODEL_FILE), bytes);
  return {
    trained,
    model: {
      file: MODEL_FILE,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      parameters: parameterCount(dsiParameters(model.geometry)) + (model.memory?.rows.length ?? 0),
    },
  };
}
