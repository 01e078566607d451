import * as disk from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fromFileSystem, NeurodexError } from '../errors.ts';
import { writeFileAtomically } from './atomic.ts';
import { addToFileList, FILE_LIST, listNothing, readFileSizes } from './file-list.ts';
import { makeFolder } from './make-folder.ts';

/** In the first bytes of every file that may be written again: a page says it in its head, a picture in a text of its own. */
export const PROGRAM_MARK = 'Neurodex';
const HEAD_BYTES = 4096;

/**
 * Looks whether a file may be written: nothing is there, or one that the program wrote.
 * @throws NeurodexError `output-exists` for a file of somebody else, a folder, a link, a device
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

/** Writes a file that carries the mark. @throws NeurodexError as `refuseForeignFile`, `disk-full`, `output-unwritable` */
export async function writeMarkedFile(path: string, content: string | Uint8Array): Promise<void> {
  await refuseForeignFile(path);
  await writeFileAtomically(path, content);
}

/**
 * A folder that somebody may have made, in which the program writes files of given names: it keeps a list of them there,
 * and writes over no others.
 */
export class SharedFolder {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * @param names that will be written
   * @throws NeurodexError `output-exists` naming a file of that name that the program did not write, `output-unwritable`
   */
  static async open(folder: string, names: readonly string[]): Promise<SharedFolder> {
    await makeFolder(folder);
    const listed = new Set((await readFileSizes(folder))?.map(({ file }) => file) ?? []);
    if (listed.size === 0) await refuseForeign(folder, FILE_LIST, await readFileSizes(folder));
    for (const name of names) if (!listed.has(name)) await refuseForeign(folder, name, undefined);
    if ((await readFileSizes(folder)) === undefined) await listNothing(folder);
    return new SharedFolder(folder);
  }

  /** @param write makes the file of that name */
  async write(name: string, write: (path: string) => Promise<void>): Promise<void> {
    const path = join(this.folder, name);
    await write(path);
    await addToFileList(path);
  }
}

async function refuseForeign(folder: string, name: string, list: unknown): Promise<void> {
  if (list !== undefined || (await lookAt(join(folder, name))) === undefined) return;
  throw new NeurodexError('output-exists', `${join(folder, name)} is there already, and Neurodex did not write it`, {
    hint: 'choose another folder, or delete that file yourself',
    details: { path: join(folder, name) },
  });
}

async function lookAt(path: string) {
  try {
    return await disk.lstat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw fromFileSystem(error, path);
  }
}

async function headOf(path: string): Promise<Buffer> {
  const handle = await disk.open(path, 'r').catch((error) => {
    throw fromFileSystem(error, join(dirname(path), basename(path)));
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
