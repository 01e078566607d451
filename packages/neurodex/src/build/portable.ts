import { homedir } from 'node:os';
import { basename, dirname, isAbsolute } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import type { Dataset, SkippedFile, SourcePicture } from '@neurodex/datasets';
import type { Config } from '../config.ts';

/** What is left of a path in files that are given away: nothing of the machine's folders. A relative path stays as it is. */
export const portablePath = (path: string): string => (isAbsolute(path) ? basename(path) : path);

/** A configuration as an index records it. */
export const portableConfig = (config: Config): Config => ({
  ...config,
  encoder: { ...config.encoder, file: portablePath(config.encoder.file) },
  text: { ...config.text, encoder: portablePath(config.text.encoder) },
  training: { ...config.training, initialise: portablePath(config.training.initialise) },
});

/** An absolute path within a text; addresses of the web are none. */
const PATH = /(?<![\w:/.\\])\/(?:[^\s/:;,'"()]+\/)+/g;

/** A text with the names of files and without the folders that they are in. @param roots folders, which may have blanks */
export function withoutFolders(text: string, roots: readonly string[]): string {
  const known = roots
    .filter((root) => isAbsolute(root) && dirname(root) !== root)
    .sort((a, b) => b.length - a.length)
    .reduce((short, root) => short.replaceAll(`${root}/`, ''), text);
  return known.replace(PATH, '');
}

/** A data set whose reasons for leaving a file out name no folder of this machine: they are kept in what is made of it. */
export function withoutPlaces(dataset: Dataset): Dataset {
  const { source } = dataset;
  const roots = [source, dirname(source), homedir()];
  const short = (text: string): string => withoutFolders(text, roots);
  const file = ({ path, reason, group, ...rest }: SkippedFile): SkippedFile => ({
    ...rest,
    path: isAbsolute(path) ? short(path) : path,
    reason: short(reason),
    ...(group === undefined ? {} : { group: short(group) }),
  });
  const picture = (each: SourcePicture): SourcePicture => ({ ...each, read: () => readShort(each, short) });
  return { ...dataset, skipped: dataset.skipped.map(file), pictures: dataset.pictures.map(picture) };
}

async function readShort(picture: SourcePicture, short: (text: string) => string): Promise<Uint8Array> {
  try {
    return await picture.read();
  } catch (error) {
    if (!(error instanceof NeurodexError) || !error.code.startsWith('picture-')) throw error;
    const { code, message, hint, details } = error;
    throw new NeurodexError(code, short(message), {
      ...(hint === undefined ? {} : { hint }),
      details,
      cause: error,
    });
  }
}
