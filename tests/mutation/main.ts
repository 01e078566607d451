import { readdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import type { MutantResult } from '@stryker-mutator/api/core';
import { GROUPS, type Group } from './groups.ts';
import { resultKey, sourceOf } from './plugin.js';
import { runGroup } from './run.ts';
import { drawSample, listMutants } from './sample.ts';
import { scoreOf } from './score.ts';

/**
 * `npm run --silent mutation -- [FOLDER_OR_FILE…] [--sample N --seed S]`: the mutants of the core, or of a part of it, against its
 * tests. One JSON object on stdout, everything else on stderr.
 */

const isSource = (file: string) => /(?<!\.(test|contract|fixture|d))\.ts$/.test(file);

function filesOf(source: string): string[] {
  if (!statSync(source).isDirectory()) return [source];
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' });
  return files
    .map((file) => `${source}/${file.replaceAll('\\', '/')}`)
    .filter(isSource)
    .sort();
}

/** The files of a group that lie in one of the parts; all where no part is named. */
function chosenFiles(group: Group, parts: readonly string[]): string[] {
  const files = group.sources.flatMap(filesOf);
  if (parts.length === 0) return files;
  return files.filter((file) => parts.some((part) => file === part || file.startsWith(`${part}/`)));
}

function report(results: readonly MutantResult[]) {
  const folderOf = (mutant: MutantResult) =>
    dirname(sourceOf(mutant))
      .replace(/^packages\//, '')
      .replace('/src', '');
  const folders = new Map<string, MutantResult[]>();
  for (const mutant of results) folders.set(folderOf(mutant), [...(folders.get(folderOf(mutant)) ?? []), mutant]);
  const survivors = results.filter(({ status }) => status === 'Survived' || status === 'NoCoverage');
  return {
    total: scoreOf(results),
    folders: Object.fromEntries([...folders].map(([folder, mutants]) => [folder, scoreOf(mutants)])),
    survivors: survivors.map(
      (mutant) => `${resultKey(mutant)}${mutant.status === 'NoCoverage' ? ' (no test reaches it)' : ''}`,
    ),
  };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { sample: { type: 'string' }, seed: { type: 'string', default: '1' } },
});
const parts = positionals.map((part) => part.replace(/^\.\//, '').replace(/\/$/, ''));
const chosen = GROUPS.map((group) => ({ group, files: chosenFiles(group, parts) })).filter(
  ({ files }) => files.length > 0,
);
const all = await listMutants(chosen.flatMap(({ files }) => files));
const sample = values.sample === undefined ? all : drawSample(all, Number(values.sample), Number(values.seed));
// Stryker logs to stdout, which is for the result.
const print = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

const results: MutantResult[] = [];
for (const { group, files } of chosen) {
  const wanted = sample.filter((mutant) => files.includes(sourceOf(mutant)));
  const mutated = files.filter((file) => wanted.some((mutant) => sourceOf(mutant) === file));
  if (mutated.length > 0) results.push(...(await runGroup(group, mutated, wanted)));
}
print(`${JSON.stringify({ mutants: all.length, sampled: sample.length, ...report(results) }, null, 2)}\n`);
