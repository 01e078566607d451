import { NeurodexError } from '../errors.ts';
import { systemError } from '../thrown.ts';

/**
 * A file of an index or of a prepared data set that is not what it should be.
 * @example
 * ```ts
 * import { damaged } from '@neurodex/core/storage';
 *
 * const { code, message } = damaged('index.json', 'is cut off');
 * console.log(code, message); // → index-damaged index.json is cut off
 * ```
 */
export const damaged = (file: string, what: string, cause?: unknown): NeurodexError =>
  new NeurodexError('index-damaged', `${file} ${what}`, {
    hint: 'copy the index again from where it came, or build it again with `neurodex index`',
    details: { file },
    ...(cause === undefined ? {} : { cause }),
  });

/**
 * A failed read, in words: a file that is not there is `index-missing`, any other refusal of the system `index-unreadable`.
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { errorMessage } from '@neurodex/core';
 * import { unreadable } from '@neurodex/core/storage';
 *
 * const why = await readFile('none.json').catch((error) => unreadable(error, 'none.json'));
 * console.log(errorMessage(why)); // → none.json is not there
 * ```
 */
export const unreadable = (error: unknown, file: string): unknown => {
  const { code, errno } = systemError(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new NeurodexError('index-missing', `${file} is not there`, {
      hint: 'name the folder of an index; `neurodex index` makes one',
      details: { file },
      cause: error,
    });
  }
  if (errno === undefined) return error;
  return new NeurodexError('index-unreadable', `${file} cannot be read (${code})`, {
    hint: 'look at who may read it, at the disk, and at how many files may be open (ulimit -n)',
    details: { file },
    cause: error,
  });
};

/**
 * The error of what was opened and is not what stands under its name any more.
 * @param folder of the index
 * @example
 * ```ts
 * import { replaced } from '@neurodex/core/storage';
 *
 * const { code, message } = replaced('pets');
 * console.log(code, message); // → index-replaced the index at pets was replaced since it was opened
 * ```
 */
export const replaced = (folder: string): NeurodexError =>
  new NeurodexError('index-replaced', `the index at ${folder} was replaced since it was opened`, {
    hint: 'start the command again; a server has to be restarted to serve the new index',
    details: { folder },
  });
