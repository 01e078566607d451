import { join } from 'node:path';
import { damaged } from '@neurodex/core/storage';
import type { IndexFiles } from '../artifact/index-files.ts';
import { CATALOGUE_FOLDER, type IndexManifest } from '../artifact/manifest.ts';
import { Extractor } from '../models/bovw/extractor.ts';
import { HistogramCounter } from '../models/bovw/histogram.ts';
import { deserialiseVocabulary, fingerprint } from '../models/bovw/vocabulary.ts';
import { weightBy } from '../models/bovw/weighting.ts';
import { ApproximateVectorSearch } from './approximate-search.ts';
import { BovwSystem } from './bovw-system.ts';
import { BOVW_COLUMN } from './columns.ts';
import type { SystemContext, VectorMaker } from './declaration.ts';
import { HistogramDescriber } from './histogram-describer.ts';
import { ExactVectorSearch, normalised } from './vector-search.ts';

/**
 * The bag of visual words of an index: its vocabulary, and the histograms of the catalogue.
 * @throws NeurodexError `index-damaged`, also when the histograms were made with another vocabulary
 */
export async function openBovw({ artifact: { files, store }, runtime, reporter }: SystemContext): Promise<BovwSystem> {
  const { folder } = files;
  const { bovw, config } = files.manifest;
  const stored = await store.vectors(BOVW_COLUMN);
  if (bovw === undefined || stored === undefined)
    throw damaged(folder, 'does not hold the bag of visual words it lists');
  const file = files.pathOf(bovw.vocabulary);
  const bytes = await files.read(bovw.vocabulary);
  const vocabulary = deserialiseVocabulary(bytes, file);
  if (fingerprint(bytes) !== stored.producer || vocabulary.size !== stored.length) {
    throw damaged(file, 'is of another run: the histograms of the catalogue were made with another vocabulary');
  }
  const pictures = store.catalogue;
  if (stored.values.length !== pictures.length * stored.length) {
    throw damaged(join(folder, CATALOGUE_FOLDER), 'does not have one histogram for each catalogue picture');
  }
  const weight = weightBy(config.bovw?.weighting ?? 'counts', stored.values, stored.length);
  const vectors = weight(stored.values);
  const unit = normalised(vectors, stored.length);
  return new BovwSystem({
    pictures,
    vectors,
    search: await searchOver(files, bovw, unit, stored.length),
    weight,
    describer: new HistogramDescriber({
      extractor: new Extractor(),
      edge: config.pictures.thumbnail,
      counter: new HistogramCounter(runtime, vocabulary),
    }),
    onNoKeypoints: (queries) =>
      reporter.warn(
        queries === 1
          ? 'a query has no keypoint: bovw cannot tell the catalogue pictures apart for it'
          : `${queries} queries have no keypoint: bovw cannot tell the catalogue pictures apart for them`,
        { queries },
      ),
  });
}

/** Counts the visual words of pictures. @throws NeurodexError `index-damaged` */
export async function histogramMaker({ artifact: { files }, runtime }: SystemContext): Promise<VectorMaker> {
  const { bovw, config } = files.manifest;
  if (bovw === undefined) throw damaged(files.folder, 'does not hold the bag of visual words it lists');
  const vocabulary = deserialiseVocabulary(await files.read(bovw.vocabulary), files.pathOf(bovw.vocabulary));
  const describer = new HistogramDescriber({
    extractor: new Extractor(),
    edge: config.pictures.thumbnail,
    counter: new HistogramCounter(runtime, vocabulary),
  });
  return {
    async of(queries) {
      const histograms = await describer.histograms(queries);
      const { size } = vocabulary;
      return queries.map((_, i) => histograms.slice(i * size, (i + 1) * size));
    },
    close: () => describer.close(),
  };
}

async function searchOver(
  files: IndexFiles,
  { neighbours }: NonNullable<IndexManifest['bovw']>,
  unit: Float32Array,
  length: number,
): Promise<ExactVectorSearch | ApproximateVectorSearch> {
  if (neighbours === undefined) return new ExactVectorSearch(unit, length);
  return await ApproximateVectorSearch.load(unit, length, await files.read(neighbours), files.pathOf(neighbours));
}
