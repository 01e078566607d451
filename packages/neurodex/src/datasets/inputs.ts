import { stat } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import type { InputFile } from './dataset.ts';

/** Files on this machine, in the order given, told apart by size and time of change; one that is gone is so too. */
export async function localInputs(paths: readonly string[], root?: string): Promise<InputFile[]> {
  const inputs: InputFile[] = [];
  for (const path of paths) {
    const name = root === undefined ? path : relative(root, path).split(sep).join('/');
    const found = await stat(path).catch(() => undefined);
    inputs.push({ name, version: found === undefined ? 'gone' : `${found.size} ${Math.round(found.mtimeMs)}` });
  }
  return inputs;
}
