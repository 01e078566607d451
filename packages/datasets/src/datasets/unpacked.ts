import { stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { NeurodexError, type Reporter } from '@neurodex/core';
import { digestFile, refuseSpecialFile } from '@neurodex/core/storage';
import { extractArchive } from '../download/archive.ts';

/** Where an archive is unpacked. */
export interface UnpackedOptions {
  /** The folder that downloads and unpacked archives are kept in. */
  readonly cache: string;
  /** Told how far it is. */
  readonly reporter?: Reporter;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** Archives that are unpacked, by the ends of their names. */
const ARCHIVE = /\.(zip|tgz|tar\.gz|tar)$/i;

/**
 * Whether the name of a file is that of an archive that is unpacked.
 * @example
 * ```ts
 * import { isArchive } from '@neurodex/datasets';
 *
 * console.log(isArchive('photos.tar.gz'), isArchive('photos')); // → true false
 * ```
 */
export const isArchive = (path: string): boolean => ARCHIVE.test(path);

/** What was downloaded can be downloaded again; a user's own archive is not ours to delete. */
function ofCache(error: unknown): unknown {
  if (!(error instanceof NeurodexError) || error.code !== 'archive-damaged') return error;
  return new NeurodexError(error.code, error.message, {
    hint: 'delete it, and the next run downloads it again',
    details: error.details,
    cause: error,
  });
}

/**
 * The folder into which an archive is unpacked: in the cache, once for each archive (its name and its bytes).
 * @throws NeurodexError `source-missing`, `archive-unsafe`, `archive-damaged`, `archive-unsupported`, `disk-full`, `interrupted`
 * @example
 * ```ts
 * import { readdirSync } from 'node:fs';
 * import { unpacked } from '@neurodex/datasets';
 *
 * const folder = await unpacked('pets.zip', { cache: 'cache' });
 * console.log(readdirSync(folder).sort()); // → [ 'cat', 'dog', 'readme.txt' ]
 * console.log((await unpacked('pets.zip', { cache: 'cache' })) === folder); // → true
 * ```
 */
export async function unpacked(archive: string, { cache, reporter, signal }: UnpackedOptions): Promise<string> {
  const path = resolve(archive);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    throw new NeurodexError('source-missing', `${path} does not exist`, {
      hint: 'check the path for a typing error',
      details: { path },
    });
  }
  await refuseSpecialFile(path);
  const version = (await digestFile(path)).sha256.slice(0, 16);
  const folder = join(cache, 'unpacked', `${basename(path).replace(ARCHIVE, '')}-${version}`);
  if ((await stat(folder).catch(() => undefined))?.isDirectory()) return folder;
  reporter?.info(`unpacking ${path} into ${folder} (once)`);
  try {
    await extractArchive(path, folder, {
      ...(reporter === undefined ? {} : { reporter }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    throw path.startsWith(resolve(cache) + sep) ? ofCache(error) : error;
  }
  return folder;
}
