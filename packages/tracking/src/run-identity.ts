import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord } from '@neurodex/core';
import type { RunIdentity } from './tracker.ts';

/** Lies beside the run log, so that a run that is resumed in the same folder is the same run to its trackers. */
export const RUN_IDENTITY = 'run.json';

const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** The identity of the run in a folder: the one that an earlier process left there, or a new one. */
export async function runIdentity(
  folder: string,
  called: { readonly name: string; readonly named: boolean },
): Promise<RunIdentity> {
  const file = join(folder, RUN_IDENTITY);
  const earlier = await readIdentity(file);
  if (earlier !== undefined) return { ...earlier, resumed: true };
  const id = Array.from(randomBytes(7), (byte) => LETTERS[byte % LETTERS.length]).join('');
  const run = { id, ...called, started: new Date().toISOString() };
  await writeFile(file, `${JSON.stringify(run)}\n`);
  return { ...run, resumed: false };
}

/** Undefined where there is none, or none that can be read: then it is a new run. */
async function readIdentity(file: string): Promise<Omit<RunIdentity, 'resumed'> | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    const { id, name, named, started }: Readonly<Record<string, unknown>> = isRecord(value) ? value : {};
    const sound =
      typeof id === 'string' && /^[0-9a-z]{7}$/.test(id) && typeof name === 'string' && typeof started === 'string';
    if (!sound || !Number.isFinite(Date.parse(started))) return undefined;
    return { id, name, named: named === true, started };
  } catch {
    return undefined;
  }
}
