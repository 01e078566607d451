import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { defined } from '@neurodex/core';
import { digestFile, makeFolder } from '@neurodex/core/storage';
import { applyRules, reportDataset } from '@neurodex/datasets';
import { CATALOGUE_FILE } from '../artifact/manifest.ts';
import { isPartFile } from '../artifact/part-writer.ts';
import { BOVW_COLUMN, ENCODER_COLUMN } from '../systems/columns.ts';
import { type Build, isWanted, type StageFacts } from './build.ts';
import { EMBEDDINGS_FILE, type PicturesOptions, SPLIT_PIXELS, STATES_FILE } from './build-options.ts';
import { decodePictures } from './decode-pictures.ts';
import { HISTOGRAMS_FILE } from './describe-stage.ts';
import type { CatalogueVectors } from './draft.ts';
import { draftOf, POOLED_FILE } from './embed-stage.ts';
import { nameCatalogue } from './name-catalogue.ts';
import { DECODED_LIST, SPLIT_FILES, SPLIT_LIST } from './picture-lists.ts';
import { readStates } from './see-stage.ts';
import { splitPictures } from './split-pictures.ts';
import type { Stage } from './stage.ts';
import { WORK_FOLDER } from './stage-record.ts';
import { refuseOtherSpace } from './text-shift.ts';
import { readVectors } from './vectors-file.ts';
import { writeCatalogue } from './write-catalogue.ts';

const optionsOf = ({ config, seed, reporter, signal }: Build): PicturesOptions => ({
  pictures: config.pictures,
  split: config.split,
  dedupe: config.dataset.dedupe,
  metadata: config.dataset.metadata,
  seed,
  reporter,
  signal,
});

export const decodeStage: Stage<StageFacts['decode']> = {
  name: 'decode',
  summary: 'the pictures: read, cropped, resized',
  reads: [],
  writes: [`${WORK_FOLDER}/pixels.u8`, `${WORK_FOLDER}/thumbnails.spool`, `${WORK_FOLDER}/${DECODED_LIST}`],
  isPart: () => true,
  async run(build) {
    // What is wrong with an encoder is told before any picture is read.
    const encoder = await build.encoder();
    if (isWanted(build, 'dsi') && build.config.training.plan === 'write')
      refuseOtherSpace(encoder, await build.textEncoder());
    const { config, reporter, signal } = build;
    const dataset = await applyRules(build.dataset, config.dataset, {
      reporter,
      ...(signal === undefined ? {} : { signal }),
    });
    reportDataset(dataset, reporter);
    await makeFolder(build.work);
    return await decodePictures(dataset, build, optionsOf(build));
  },
};

export const splitStage: Stage<StageFacts['split']> = {
  name: 'split',
  summary: 'duplicates found, roles given: catalogue, training, validation and test queries',
  reads: [
    `${WORK_FOLDER}/decode.json`,
    `${WORK_FOLDER}/${DECODED_LIST}`,
    `${WORK_FOLDER}/pixels.u8`,
    `${WORK_FOLDER}/thumbnails.spool`,
  ],
  writes: [`${WORK_FOLDER}/${SPLIT_PIXELS}`, `${WORK_FOLDER}/${SPLIT_LIST}`],
  drops: [`${WORK_FOLDER}/pixels.u8`, `${WORK_FOLDER}/${DECODED_LIST}`],
  isPart: () => true,
  async run(build) {
    const decoded = defined(await build.facts('decode'), 'what was decoded');
    const split = await splitPictures(decoded, build.dataset, build, optionsOf(build));
    for (const { path, reason } of split.skipped) build.tracker.track({ kind: 'skipped', path, reason });
    return split;
  },
};

export const identifyStage: Stage<StageFacts['identify']> = {
  name: 'identify',
  summary: 'identifiers given, the catalogue written',
  reads: [...SPLIT_FILES, `${WORK_FOLDER}/thumbnails.spool`, `${WORK_FOLDER}/${SPLIT_PIXELS}`],
  writes: [CATALOGUE_FILE],
  drops: ['thumbnails.spool', SPLIT_PIXELS, EMBEDDINGS_FILE, STATES_FILE, POOLED_FILE, HISTOGRAMS_FILE].map(
    (name) => `${WORK_FOLDER}/${name}`,
  ),
  isPart: () => true,
  async run(build) {
    const { config, seed, reporter, signal, runtime, dataset } = build;
    await makeFolder(build.catalogue);
    for (const name of await readdir(build.catalogue)) {
      // What a process that was killed has written is begun again.
      if (isPartFile(name)) await rm(join(build.catalogue, name));
    }
    const split = defined(await build.facts('split'), 'the split');
    const vectors = await columnsOf(build);
    const { scheme, vectors: source } = config.identifiers;
    // An index without a network has no states.
    const seen = await build.facts('see');
    const draft = await draftOf(build);
    try {
      const rows = draft.catalogue.map(({ row }) => row);
      const network =
        scheme === 'semantic' && source === 'network' && seen !== undefined ? await readStates(build, rows) : undefined;
      const entries = draft.catalogue.map(({ path, labels }) => ({ path, labels }));
      const stop = signal === undefined ? {} : { signal };
      const names = await nameCatalogue(entries, draft, {
        config,
        seed,
        reporter,
        ...stop,
        runtime,
        columns: vectors,
        network,
      });
      const embeddings = (await build.facts('embed'))?.embeddings ?? undefined;
      const states = seen === undefined ? undefined : { width: seen.width };
      const contents = { split, names, vectors, embeddings, states, notices: dataset.notices };
      await writeCatalogue(build, draft, contents, optionsOf(build));
    } finally {
      await draft.close();
    }
    const { bytes, sha256 } = await digestFile(join(build.folder, CATALOGUE_FILE));
    return { catalogue: { bytes, sha256 } };
  },
};

/** The columns of vectors that the catalogue gets. */
async function columnsOf(build: Build): Promise<Readonly<Record<string, CatalogueVectors>>> {
  const columns: Record<string, CatalogueVectors> = {};
  const embedded = await build.facts('embed');
  if (embedded !== undefined) columns[ENCODER_COLUMN] = await readVectors(build, POOLED_FILE, embedded.pooled);
  const described = await build.facts('describe');
  if (described) columns[BOVW_COLUMN] = await readVectors(build, HISTOGRAMS_FILE, described.histograms);
  return columns;
}
