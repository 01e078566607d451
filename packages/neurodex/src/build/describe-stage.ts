import { NeurodexError } from '@neurodex/core';
import { type IndexManifest, NEIGHBOURS_FILE, VOCABULARY_FILE } from '../artifact/manifest.ts';
import { isWanted } from './build.ts';
import { buildBovw, DESCRIPTORS_FILE } from './build-bovw.ts';
import { SPLIT_PIXELS } from './build-options.ts';
import { draftOf } from './embed-stage.ts';
import { SPLIT_FILES } from './picture-lists.ts';
import type { Stage } from './stage.ts';
import { WORK_FOLDER } from './stage-record.ts';
import { type VectorFacts, writeVectors } from './vectors-file.ts';

/** The bag of visual words of the catalogue. */
export interface DescribedCatalogue {
  readonly bovw: NonNullable<IndexManifest['bovw']>;
  /** Of the histograms. */
  readonly histograms: VectorFacts;
}

/** The histograms, for the stages that follow. */
export const HISTOGRAMS_FILE = 'bovw.f32';

export const describeStage: Stage<DescribedCatalogue | null> = {
  name: 'describe',
  summary: 'the bag of visual words: SIFT, a vocabulary, histograms',
  reads: [...SPLIT_FILES, `${WORK_FOLDER}/thumbnails.spool`, `${WORK_FOLDER}/${SPLIT_PIXELS}`],
  writes: [VOCABULARY_FILE, NEIGHBOURS_FILE, `${WORK_FOLDER}/${HISTOGRAMS_FILE}`, DESCRIPTORS_FILE],
  isPart: (build) => isWanted(build, 'bovw'),
  /** Null where the pictures have too few keypoints, and nothing asks for the vocabulary. */
  async run(build) {
    const { config, seed, reporter, signal, folder, runtime } = build;
    const draft = await draftOf(build);
    try {
      const edge = config.pictures.thumbnail;
      const stop = signal === undefined ? {} : { signal };
      const made = await buildBovw(draft, { config: config.bovw, seed, reporter, ...stop, folder, edge, runtime });
      return { bovw: made.facts, histograms: await writeVectors(build, HISTOGRAMS_FILE, made.vectors) };
    } catch (error) {
      const tooFew = error instanceof NeurodexError && error.code === 'source-unusable';
      const needed = config.identifiers.scheme === 'semantic' && config.identifiers.vectors === 'bovw';
      if (!tooFew || needed || build.systems !== undefined) throw error;
      reporter.warn(`bovw is left out: ${error.message}`);
      return null;
    } finally {
      await draft.close();
    }
  },
};
