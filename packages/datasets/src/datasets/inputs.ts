import { relative, sep } from 'node:path';
import { errorCode } from '@neurodex/core';
import { digestFile, inOrder, throwIfInterrupted } from '@neurodex/core/storage';
import type { InputFile, InputReading } from './dataset.ts';

/** Files in work at a time: most are small, and waiting for the disk is most of the work. */
const WIDTH = 8;

/**
 * Files on this machine, in the order given, told apart by the digest of their bytes: size and time of change may stay the
 * same when the contents change. One that cannot be read is told apart by that.
 * @throws NeurodexError `interrupted`
 */
export async function localInputs(
  paths: readonly string[],
  root?: string,
  { signal, reporter }: InputReading = {},
): Promise<InputFile[]> {
  const inputs: InputFile[] = [];
  for await (const input of inOrder(paths, WIDTH, (path) => inputOf(path, root))) {
    throwIfInterrupted(signal);
    inputs.push(input);
    reporter?.progress({ phase: 'fingerprint', done: inputs.length, total: paths.length, unit: 'files' });
  }
  return inputs;
}

async function inputOf(path: string, root: string | undefined): Promise<InputFile> {
  const name = root === undefined ? path : relative(root, path).split(sep).join('/');
  try {
    const { bytes, sha256 } = await digestFile(path);
    return { name, version: `${bytes} ${sha256}` };
  } catch (error) {
    return { name, version: `unreadable: ${errorCode(error) ?? 'unknown'}` };
  }
}
