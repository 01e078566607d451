import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Mutant, MutantResult } from '@stryker-mutator/api/core';
import { Stryker } from '@stryker-mutator/core';
import type { Group } from './groups.ts';
import { mutantKey, resultKey } from './plugin.js';

/** What a run leaves behind: results that the next run goes on from. Nothing here is tracked. */
const FOLDER = '.mutation';

interface IncrementalReport {
  files: Record<string, { mutants: { status: string }[] }>;
}

/**
 * Mutants that were not in a sample have no result, and what no test reached may be reached now: a later run must not take either
 * for tested.
 */
function forgetUntested(file: string): void {
  if (!existsSync(file)) return;
  const report = JSON.parse(readFileSync(file, 'utf8')) as IncrementalReport;
  for (const source of Object.values(report.files)) {
    source.mutants = source.mutants.filter(({ status }) => status !== 'CompileError' && status !== 'NoCoverage');
  }
  writeFileSync(file, JSON.stringify(report));
}

/** Runs the `wanted` mutants of `files` against the tests of their group. */
export async function runGroup(
  group: Group,
  files: readonly string[],
  wanted: readonly Mutant[],
): Promise<MutantResult[]> {
  mkdirSync(FOLDER, { recursive: true });
  const keys = new Set(wanted.map(mutantKey));
  const sample = resolve(FOLDER, `${group.name}.sample.json`);
  writeFileSync(sample, JSON.stringify([...keys]));
  process.env.NEURODEX_MUTATION_SAMPLE = sample;
  process.env.NEURODEX_MUTATION_GROUP = group.name;
  const incrementalFile = `${FOLDER}/${group.name}.json`;
  const stryker = new Stryker({
    mutate: [...files],
    testRunner: 'vitest',
    vitest: { configFile: 'tests/mutation/vitest.config.ts', related: false },
    plugins: ['@stryker-mutator/vitest-runner', './tests/mutation/plugin.js'],
    ignorers: ['error-words'],
    checkers: ['sample'],
    coverageAnalysis: 'perTest',
    // What runs when a module is loaded would need every test, each in a fresh process.
    ignoreStatic: true,
    incremental: true,
    incrementalFile,
    concurrency: Number(process.env.NEURODEX_MUTATION_CONCURRENCY ?? 1),
    timeoutMS: 10_000,
    tempDirName: `${FOLDER}/sandboxes`,
    cleanTempDir: 'always',
    ignorePatterns: ['/.mutation', '/bench', '/docs', '/interop', '/runs', '*.tsbuildinfo'],
    disableTypeChecks: false,
    // Stryker would rewrite it with the compiler's API, which TypeScript 7 does not have; the sandbox needs no rewriting.
    tsconfigFile: `${FOLDER}/none.json`,
    reporters: ['progress-append-only'],
    allowConsoleColors: false,
    thresholds: { high: 90, low: 80, break: null },
  });
  try {
    const results = await stryker.runMutationTest();
    return results.filter((mutant) => keys.has(resultKey(mutant)));
  } finally {
    forgetUntested(incrementalFile);
  }
}
