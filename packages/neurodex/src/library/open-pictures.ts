import { basename, isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Reporter } from '@neurodex/core';
import type { SourcePicture } from '@neurodex/datasets';
import type { Config } from '../config.ts';
import { type OpenedSource, openSource } from '../jobs/open-source.ts';
import type { Environment, NewPicture, PicturesFrom, SourceOptions } from './index-options.ts';
import { bytesOf, pathOf } from './read-query.ts';

/** What a source of pictures is opened with. */
export interface OpeningPictures {
  readonly config: Config;
  readonly seed: number;
  readonly environment: Environment;
  readonly reporter: Reporter;
  readonly signal: AbortSignal | undefined;
}

/** @throws NeurodexError as `openSource` */
export async function openPicturesFrom(
  source: PicturesFrom,
  given: SourceOptions,
  { signal, ...opening }: OpeningPictures,
): Promise<OpenedSource> {
  if (typeof source !== 'string' && !(source instanceof URL)) return { dataset: source, config: opening.config };
  const named = pathOf(source);
  const { from, concepts, cocoYear, cocoSplit, classLevel, labelColumn, pictureColumn } = given;
  return await openSource({
    ...opening,
    source: named,
    path: resolve(named),
    ...(from === undefined ? {} : { from: resolve(from) }),
    ...(concepts === undefined ? {} : { concepts }),
    ...(cocoYear === undefined ? {} : { cocoYear }),
    ...(cocoSplit === undefined ? {} : { cocoSplit }),
    ...(classLevel === undefined ? {} : { classLevel }),
    ...(labelColumn === undefined ? {} : { labelColumn }),
    ...(pictureColumn === undefined ? {} : { pictureColumn }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Pictures that are named one by one. @param labels of those that are given as paths */
export const sourcePictures = (
  pictures: readonly (string | URL | NewPicture)[],
  labels: readonly string[],
): SourcePicture[] =>
  pictures.map((each) =>
    typeof each === 'string' || each instanceof URL
      ? { path: nameOf(each), labels, read: () => bytesNamed(each, nameOf(each)) }
      : newPicture(each),
  );

const newPicture = ({ name, picture, labels = [], captions }: NewPicture): SourcePicture => ({
  path: name,
  labels,
  ...(captions === undefined ? {} : { captions }),
  read: () => bytesNamed(picture, name),
});

// No folder of this machine is told to whoever is given the index.
const nameOf = (file: string | URL): string => {
  const path = file instanceof URL ? fileURLToPath(file) : file;
  return isAbsolute(path) ? basename(path) : path;
};

async function bytesNamed(picture: string | URL | Uint8Array, name: string): Promise<Uint8Array> {
  const [bytes] = await bytesOf(picture, name);
  return bytes;
}
