import { type HubDataset, hubParquetFiles } from '../download/hugging-face.ts';
import type { Dataset, LicenceNotice } from './dataset.ts';
import { hubClassName } from './imagenet/class-names.ts';
import { openParquetShards, remoteShards } from './parquet/parquet.ts';
import type { OpenDatasetRequest } from './request.ts';

export interface HubSource {
  readonly name: string;
  readonly hub: HubDataset;
  readonly notices: readonly LicenceNotice[];
  /** Edge of all its pictures, when its owner gave them one. */
  readonly ownSize?: number;
}

/**
 * A split of ImageNet's kin on the Hugging Face hub, read by ranges: labels first, and of the pictures only those that
 * are asked for.
 * @throws NeurodexError `download-*`, `access-denied`, `source-unusable`, `interrupted`
 */
export async function openHub(request: OpenDatasetRequest, source: HubSource): Promise<Dataset> {
  const { rules, environment, reporter, signal } = request;
  const { name, hub, notices, ownSize } = source;
  const downloads = request.downloads();
  const files = await hubParquetFiles(downloads, hub, environment);
  // All of it is downloaded into the cache; of a part only what is asked for is read, by ranges.
  const isPart = rules.maxPictures > 0;
  const shards = remoteShards(downloads, files).map(({ whole, ...shard }) =>
    isPart || whole === undefined ? shard : { ...shard, whole },
  );
  // Without a rule on classes or shapes the first pictures do, and nothing is read of the rest: the shards are shuffled.
  const firstDo = isPart && rules.minPicturesPerClass === 0 && !rules.squaresFirst;
  const dataset = await openParquetShards(shards, request.source, {
    name,
    reporter,
    ...(signal === undefined ? {} : { signal }),
    ...(firstDo ? { maxPictures: rules.maxPictures } : {}),
  });
  return {
    ...dataset,
    pictures: dataset.pictures.map((picture) => ({ ...picture, labels: picture.labels.map(hubClassName) })),
    notices,
    remote: isPart,
    inputs: async () => files.map(({ url, sha256, bytes }) => ({ name: url, version: sha256 ?? String(bytes) })),
    ...(ownSize === undefined ? {} : { ownSize }),
  };
}
