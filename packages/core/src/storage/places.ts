import { realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { NeurodexError } from '../errors.ts';

/** A path without links, as far as it exists. */
export async function realPlace(path: string): Promise<string> {
  const whole = resolve(path);
  try {
    return await realpath(whole);
  } catch {
    return dirname(whole) === whole ? whole : join(await realPlace(dirname(whole)), basename(whole));
  }
}

const holds = (outer: string, inner: string): boolean =>
  outer === inner || inner.startsWith(outer.endsWith(sep) ? outer : outer + sep);

/** The working directory; undefined where it has been deleted. */
function workingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

/**
 * Refuses a folder that no output may take the place of: the root, the working directory, the home folder, what holds
 * one of them, and what is, holds or lies in a source.
 * @param sources absolute paths of what is read; names of data sets are passed over
 * @throws NeurodexError `usage`
 * @example
 * ```ts
 * import { errorMessage } from '@neurodex/core';
 * import { refusePlace } from '@neurodex/core/storage';
 *
 * await refusePlace('out'); // goes on
 * await refusePlace('.').catch((error) => console.log(errorMessage(error)));
 * // → . is the working directory, so nothing is written there
 * ```
 */
export async function refusePlace(out: string, sources: readonly string[] = []): Promise<void> {
  const goal = await realPlace(out);
  if (dirname(goal) === goal) refuse(out, 'is the root of the file system', goal);
  for (const [name, path] of [
    ['the working directory', workingDirectory()],
    ['your home folder', homedir()],
  ] as const) {
    if (path === undefined || path === '') continue;
    const place = await realPlace(path);
    if (holds(goal, place)) refuse(out, goal === place ? `is ${name}` : `holds ${name}`, path);
  }
  await refuseSource(out, sources);
}

/**
 * Refuses an output that is, holds or lies in what is read.
 * @param sources absolute paths; names of data sets are passed over
 * @throws NeurodexError `usage`
 * @example
 * ```ts
 * import { resolve } from 'node:path';
 * import { errorCode } from '@neurodex/core';
 * import { refuseSource } from '@neurodex/core/storage';
 *
 * await refuseSource('out', [resolve('photos')]); // goes on
 * await refuseSource('photos/out', [resolve('photos')]).catch((error) => console.log(errorCode(error))); // → usage
 * ```
 */
export async function refuseSource(out: string, sources: readonly string[]): Promise<void> {
  const goal = await realPlace(out);
  for (const source of sources) {
    if (!source.startsWith(sep) && resolve(source) !== source) continue;
    const place = await realPlace(source);
    if (holds(goal, place)) refuse(out, goal === place ? 'is the source itself' : `holds the source ${source}`, source);
    if (holds(place, goal)) refuse(out, `is inside the source ${source}`, source);
  }
}

function refuse(out: string, what: string, other: string): never {
  throw new NeurodexError('usage', `${out} ${what}, so nothing is written there`, {
    hint: 'choose a folder of its own for the output',
    details: { path: out, other },
  });
}
