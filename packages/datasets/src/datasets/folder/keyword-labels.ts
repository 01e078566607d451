import { availableParallelism } from 'node:os';
import { NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import { inOrder, throwIfInterrupted } from '@neurodex/core/storage';
import { readMetadata } from '../../metadata/read-metadata.ts';
import type { SourcePicture } from '../dataset.ts';

export interface KeywordOptions {
  readonly reporter?: Reporter | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Pictures with their keywords as labels, in the pictures (XMP, IPTC) or beside them. Every file is read for it. One that cannot be read has no
 * label: whoever decodes it tells why.
 * @throws NeurodexError `source-unusable` where no picture has a keyword; `interrupted`
 */
export async function withKeywords(
  pictures: readonly SourcePicture[],
  source: string,
  { reporter = silentReporter, signal }: KeywordOptions = {},
): Promise<SourcePicture[]> {
  const found: SourcePicture[] = [];
  const read = async (picture: SourcePicture): Promise<SourcePicture> => {
    const bytes = await picture.read().catch((error: unknown) => {
      if (error instanceof NeurodexError) return undefined;
      throw error;
    });
    const { keywords = [] } =
      bytes === undefined ? {} : (await readMetadata(bytes, await picture.sidecars?.())).metadata;
    return { ...picture, labels: keywords };
  };
  for await (const picture of inOrder(pictures, 2 * availableParallelism(), read)) {
    throwIfInterrupted(signal);
    found.push(picture);
    reporter.progress({ phase: 'keywords', done: found.length, total: pictures.length, unit: 'pictures' });
  }
  if (found.some(({ labels }) => labels.length > 0)) return found;
  throw new NeurodexError('source-unusable', `no picture in ${source} has a keyword that could be its label`, {
    hint: 'take the labels from folders with --labels folder or --labels top, or none with --labels none',
    details: { source },
  });
}
