import { type PictureMetadata, readMetadata, type SourcePicture } from '@neurodex/datasets';
import type { MetadataUse } from '../config.ts';

/** What a picture says of itself. */
export interface DescribedSource {
  readonly captions: readonly string[] | undefined;
  /** Undefined where it says nothing. */
  readonly metadata: PictureMetadata | undefined;
  /** Which of its metadata is damaged, and how. */
  readonly damaged: readonly string[];
}

/**
 * Reads what a picture says of itself. With `words`, its title, description and keywords are captions behind those that it has; a
 * keyword that is a label is a word already.
 * @param bytes of its file; undefined where its data set knows it already
 */
export async function describeSource(
  { labels, captions, metadata: known, sidecars }: SourcePicture,
  bytes: Uint8Array | undefined,
  use: MetadataUse,
): Promise<DescribedSource> {
  if (use === 'none') return { captions, metadata: undefined, damaged: [] };
  if (bytes === undefined || known !== undefined) return { captions, metadata: unlessEmpty(known), damaged: [] };
  const { metadata, texts, damaged } = await readMetadata(bytes, await sidecars?.());
  const words =
    use === 'words' ? [...texts, ...(metadata.keywords ?? [])].filter((word) => !labels.includes(word)) : [];
  return {
    captions: words.length === 0 ? captions : [...new Set([...(captions ?? []), ...words])],
    metadata: unlessEmpty(metadata),
    damaged,
  };
}

const unlessEmpty = (metadata: PictureMetadata = {}): PictureMetadata | undefined =>
  Object.keys(metadata).length === 0 ? undefined : metadata;
