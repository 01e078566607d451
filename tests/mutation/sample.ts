import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Mutant } from '@stryker-mutator/api/core';
import type { Logger } from '@stryker-mutator/api/logging';
import { Instrumenter } from '@stryker-mutator/instrumenter';
import { errorWords, mutantKey } from './plugin.js';

const silent = () => {};
const off = () => false;
const QUIET: Logger = {
  isTraceEnabled: off,
  isDebugEnabled: off,
  isInfoEnabled: off,
  isWarnEnabled: off,
  isErrorEnabled: off,
  isFatalEnabled: off,
  trace: silent,
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
  fatal: silent,
};

/** All mutants of `files` that a run would test, in the order of the sources. */
export async function listMutants(files: readonly string[]): Promise<Mutant[]> {
  const sources = files.map((file) => ({ name: resolve(file), mutate: true, content: readFileSync(file, 'utf8') }));
  const options = { plugins: null, excludedMutations: [], ignorers: [errorWords] };
  const { mutants } = await new Instrumenter(QUIET).instrument(sources, options);
  return mutants.filter(({ status }) => status === undefined);
}

/**
 * `size` of the mutants, each with the same chance: those whose keys have the smallest SHA-256 together with the seed. An edit of
 * a file changes the sample within it, and hardly elsewhere.
 */
export function drawSample(mutants: readonly Mutant[], size: number, seed: number): Mutant[] {
  const draw = (mutant: Mutant) =>
    createHash('sha256')
      .update(`${seed} ${mutantKey(mutant)}`)
      .digest('hex');
  return mutants
    .map((mutant) => ({ mutant, at: draw(mutant) }))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .slice(0, size)
    .map(({ mutant }) => mutant);
}
