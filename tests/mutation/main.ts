import { dirname } from 'node:path';
import type { MutantResult } from '@stryker-mutator/api/core';
import { GROUPS } from './groups.ts';
import { chosenFiles, type Options, readOptions } from './options.ts';
import { resultKey, sourceOf } from './plugin.js';
import { runGroup } from './run.ts';
import { drawSample, listMutants } from './sample.ts';
import { scoreOf } from './score.ts';

/**
 * `npm run --silent mutation -- [FOLDER_OR_FILE…] [--sample N --seed S]`: the mutants of the core, or of a part of it, against its
 * tests. One JSON object on stdout, everything else on stderr.
 */

function report(results: readonly MutantResult[]) {
  const folderOf = (mutant: MutantResult) =>
    dirname(sourceOf(mutant))
      .replace(/^packages\//, '')
      .replace('/src', '');
  const folders = new Map<string, MutantResult[]>();
  for (const mutant of results) folders.set(folderOf(mutant), [...(folders.get(folderOf(mutant)) ?? []), mutant]);
  const survivors = results.filter(({ status }) => status === 'Survived' || status === 'NoCoverage');
  const unreached = ' (no test reaches it)';
  return {
    total: scoreOf(results),
    folders: Object.fromEntries([...folders].map(([folder, mutants]) => [folder, scoreOf(mutants)])),
    survivors: survivors.map((mutant) => `${resultKey(mutant)}${mutant.status === 'NoCoverage' ? unreached : ''}`),
  };
}

async function main({ parts, sample, seed }: Options): Promise<object> {
  const chosen = GROUPS.map((group) => ({ group, files: chosenFiles(group, parts) }));
  const all = await listMutants(chosen.flatMap(({ files }) => files));
  const wanted = sample === undefined ? all : drawSample(all, sample, seed);
  const results: MutantResult[] = [];
  const failed: Record<string, string> = {};
  for (const { group, files } of chosen) {
    const own = wanted.filter((mutant) => files.includes(sourceOf(mutant)));
    const mutated = files.filter((file) => own.some((mutant) => sourceOf(mutant) === file));
    if (mutated.length === 0) continue;
    try {
      results.push(...(await runGroup(group, mutated, own)));
    } catch (error) {
      // Hours of other groups' results are not lost for it.
      failed[group.name] = (error as Error).message;
      process.exitCode = 1;
    }
  }
  return { mutants: all.length, sampled: wanted.length, failed, ...report(results) };
}

// Stryker logs to stdout, which is for the result.
const print = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
let options: Options | undefined;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`error: ${(error as Error).message}\n`);
  process.exitCode = 2;
}
if (options !== undefined) print(`${JSON.stringify(await main(options), null, 2)}\n`);
