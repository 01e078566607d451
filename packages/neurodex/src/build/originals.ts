import { createHash } from 'node:crypto';
import { defined, NeurodexError } from '@neurodex/core';
import type { SourcePicture } from '@neurodex/datasets';
import type { StoredPicture } from '../pictures/picture-store.ts';
import type { Build } from './build.ts';
import type { DecodedPictures } from './draft.ts';

/**
 * Reads the files of pictures again, for an encoder that came with preprocessing: the pixels and thumbnails that were kept are too small
 * for it. A prepared data set has thumbnails alone.
 * @returns which throws NeurodexError `run-changed` for a file that is another one by now, and those of the data set
 */
export function originals(
  { dataset, reporter }: Build,
  draft: DecodedPictures,
): (picture: StoredPicture) => Promise<Uint8Array> {
  const sources = new Map<string, SourcePicture>(dataset.pictures.map((source) => [source.path, source]));
  if (dataset.pictures.some(({ decoded }) => decoded !== undefined)) {
    reporter.warn(`${dataset.source} keeps thumbnails alone: the encoder is given those`);
  } else if (dataset.remote === true) {
    reporter.info('the pictures are read once more, for the encoder');
  }
  return async (picture) => {
    const source = defined(sources.get(picture.path), `the source of ${picture.path}`);
    const bytes = await source.read();
    if (source.decoded === undefined && createHash('sha256').update(bytes).digest('hex') !== draft.digest(picture)) {
      throw new NeurodexError('run-changed', `${picture.path} has changed since the build began`, {
        hint: 'start anew with --force',
        details: { path: picture.path },
      });
    }
    return bytes;
  };
}
