import { isRecord } from '@neurodex/core';
import { LABEL_SOURCES, type LabelSource } from '@neurodex/datasets';
import { readIndexManifest } from '../artifact/manifest.ts';
import { isPlaceOfShards } from './place-of-shards.ts';

/**
 * Where the labels of an index come from, for pictures that come to it; `layout` for one that does not say so, as of an index in shards.
 * @throws NeurodexError `index-missing`, `index-damaged`, `index-newer`, `index-older`
 */
export async function recordedLabels(index: string): Promise<LabelSource> {
  if (await isPlaceOfShards(index)) return 'layout';
  const { dataset }: Readonly<Record<string, unknown>> = (await readIndexManifest(index)).config;
  const labels: unknown = isRecord(dataset) ? dataset.labels : undefined;
  return LABEL_SOURCES.find((each) => each === labels) ?? 'layout';
}
