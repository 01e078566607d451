import { type FileHandle, open } from 'node:fs/promises';
import { errorCode, NeurodexError } from '@neurodex/core';
import { refuseSpecialFile } from '@neurodex/core/storage';

/** A file that is to be put into a store. @throws NeurodexError `source-missing`, `source-unusable` */
export async function openSource(path: string): Promise<FileHandle> {
  await refuseSpecialFile(path);
  try {
    const handle = await open(path, 'r');
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (error) {
    const code = errorCode(error);
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
    throw new NeurodexError(
      isMissing ? 'source-missing' : 'source-unusable',
      isMissing ? `${path} is not there` : `${path} cannot be read (${code})`,
      { hint: 'name a file that exists and that you may read', details: { path }, cause: error },
    );
  }
  throw new NeurodexError('source-unusable', `${path} is a folder`, { hint: 'name a file', details: { path } });
}
