import * as disk from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fromFileSystem, NeurodexError } from '../errors.ts';
import { errorCode } from '../thrown.ts';
import { writeFileAtomically } from './atomic.ts';
import { addToFileList, FILE_LIST, readFileSizes } from './file-list.ts';
import { makeFolder } from './make-folder.ts';

/** In the first bytes of every file that may be written again: a page says it in its head, a picture in a text of its own. */
export const PROGRAM_MARK = 'Neurodex';
const HEAD_BYTES = 4096;

/**
 * Looks whether a file may be written: nothing is there, or one that the program wrote.
 * @throws NeurodexError `output-exists` for a file of somebody else, a folder, a link, a device
 * @example
 * ```ts
 * import { errorMessage } from '@neurodex/core';
 * import { refuseForeignFile } from '@neurodex/core/storage';
 *
 * await refuseForeignFile('report.html'); // goes on: there is none
 * await refuseForeignFile('cat.jpg').catch((error) => console.log(errorMessage(error)));
 * // → cat.jpg is there already, and Neurodex did not write it, so it is not written over
 * ```
 */
export async function refuseForeignFile(path: string): Promise<void> {
  const whole = resolve(path);
  const refuse = (what: string): never => {
    throw new NeurodexError('output-exists', `${path} ${what}, so it is not written over`, {
      hint: 'choose another name, or delete it yourself',
      details: { path },
    });
  };
  const found = await lookAt(whole);
  if (found === undefined) return;
  if (found.isSymbolicLink()) refuse('is a symbolic link');
  if (found.isDirectory()) refuse('is a folder');
  if (!found.isFile()) refuse('is not a regular file');
  if (found.size > 0 && !(await headOf(whole)).includes(PROGRAM_MARK))
    refuse('is there already, and Neurodex did not write it');
}

/**
 * Writes a file that carries the mark, `PROGRAM_MARK`, in its first 4,096 bytes, so that it may be written again.
 * @throws NeurodexError as `refuseForeignFile`, `disk-full`, `output-unwritable`
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { errorCode } from '@neurodex/core';
 * import { PROGRAM_MARK, writeMarkedFile } from '@neurodex/core/storage';
 *
 * for (const what of ['draft', 'report']) await writeMarkedFile('page.html', `<!-- ${PROGRAM_MARK} --> ${what}`);
 * console.log(readFileSync('page.html', 'utf8')); // → <!-- Neurodex --> report
 * await writeMarkedFile('cat.jpg', '').catch((error) => console.log(errorCode(error))); // → output-exists
 * ```
 */
export async function writeMarkedFile(path: string, content: string | Uint8Array): Promise<void> {
  await refuseForeignFile(path);
  await writeFileAtomically(path, content);
}

/**
 * Claims names in a folder that somebody else may have made: it is made where it is not there, and the program keeps a list
 * of what it writes in it, so that a later run writes over these files and no others.
 * @throws NeurodexError `output-exists` naming a file of such a name that the program did not write, `output-unwritable`
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { errorCode } from '@neurodex/core';
 * import { claimNames } from '@neurodex/core/storage';
 *
 * for (const page of ['first', 'second']) {
 *   await claimNames('site', ['index.html']);
 *   writeFileSync('site/index.html', page);
 * }
 * writeFileSync('site/notes.txt', 'of mine');
 * await claimNames('site', ['notes.txt']).catch((error) => console.log(errorCode(error))); // → output-exists
 * ```
 */
export async function claimNames(folder: string, names: readonly string[]): Promise<void> {
  await makeFolder(folder);
  const sizes = await readFileSizes(folder);
  const listed = new Set((sizes ?? []).map(({ file }) => file));
  const claimed = sizes === undefined ? [FILE_LIST, ...names] : names.filter((name) => !listed.has(name));
  for (const name of claimed) {
    const path = join(folder, name);
    if ((await lookAt(path)) === undefined) continue;
    throw new NeurodexError('output-exists', `${path} is there already, and Neurodex did not write it`, {
      hint: 'choose another folder, or delete that file yourself',
      details: { path },
    });
  }
  if (claimed.length > 0) await addToFileList(folder, names);
}

async function lookAt(path: string) {
  try {
    return await disk.lstat(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return undefined;
    throw fromFileSystem(error, path);
  }
}

async function headOf(path: string): Promise<Buffer> {
  const handle = await disk.open(path, 'r').catch((error) => {
    throw fromFileSystem(error, path);
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
