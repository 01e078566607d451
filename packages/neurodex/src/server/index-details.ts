import { basename, isAbsolute } from 'node:path';
import type { DsiModel } from '../dsi/model/model-file.ts';
import { modelInput } from '../query/model-inputs.ts';
import type { SystemName } from '../query/system.ts';
import type { Index } from '../systems/open-index.ts';
import type { IndexCard, IndexDetails } from './api/schemas.ts';
import type { Reading } from './hosted.ts';

/** What an index says of itself, beside its card. */
export function detailsOf(
  { manifest, store }: Index,
  { patchesPerSide, relevance }: Pick<IndexDetails, 'patchesPerSide' | 'relevance'>,
): Omit<IndexDetails, keyof IndexCard> {
  const { model, training, config, seed, neurodex } = manifest;
  return {
    seed,
    neurodex,
    config,
    model: model === undefined ? null : { parameters: model.parameters, bytes: model.bytes },
    training:
      training === undefined
        ? null
        : { steps: training.steps, seconds: training.seconds, validation: training.validation },
    pictures: { size: store.size, thumbnail: config.pictures.thumbnail },
    patchesPerSide,
    relevance,
    notices: store.notices.map((notice) => ({ ...notice })),
  };
}

export const readingOf = ({ store, manifest: { config, encoder } }: Index): Reading => ({
  size: store.size,
  thumbnail: config.pictures.thumbnail,
  maxPixels: config.pictures.maxPixels,
  needsFile: encoder?.preprocessing !== undefined,
});

/** What only the network of an index tells. */
export async function ofNetwork(index: Index) {
  const model = index.systems.includes('dsi') ? (await index.network()).model : undefined;
  return {
    patchesPerSide: model === undefined ? null : (modelInput(model.geometry).grid(model.geometry)?.side ?? null),
    lookAtThumbnails: thumbnailSystems(index, model),
  };
}

/** The bag of visual words looks at the thumbnail, and so does an encoder that takes pictures of another size. */
function thumbnailSystems({ manifest, store }: Index, model: DsiModel | undefined): ReadonlySet<SystemName> {
  const { encoder } = manifest;
  const larger = encoder !== undefined && (encoder.size !== store.size || encoder.preprocessing !== undefined);
  return new Set<SystemName>([
    'bovw',
    ...(larger ? (['encoder'] as const) : []),
    ...(larger && model !== undefined && modelInput(model.geometry).needsBackbone ? (['dsi'] as const) : []),
  ]);
}

/** A folder of the machine is named without where it is. */
export const nameOf = (source: string): string => (isAbsolute(source) ? basename(source) : source);
