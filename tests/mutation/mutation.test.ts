import { resolve } from 'node:path';
import type { Mutant, MutantResult } from '@stryker-mutator/api/core';
import { describe, expect, it } from 'vitest';
import { GROUPS } from './groups.ts';
import { chosenFiles, readOptions } from './options.ts';
import { mutantKey, resultKey } from './plugin.js';
import { drawSample, listMutants } from './sample.ts';
import { scoreOf, wilson } from './score.ts';

const SCHEDULE = 'packages/autograd/src/optim/schedule.ts';

describe('a sample of mutants', () => {
  it('is drawn from what Stryker would test, without the words of errors', async () => {
    const mutants = await listMutants([SCHEDULE, 'packages/autograd/src/core/shapes.ts']);
    expect(mutants.some(({ mutatorName }) => mutatorName === 'EqualityOperator')).toBe(true);
    expect(mutants.every(({ fileName }) => fileName.startsWith(resolve('packages')))).toBe(true);
    expect(mutants.filter(({ replacement }) => replacement === '``')).toEqual([]);
    const keys = mutants.map(mutantKey);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('is the same for the same seed, another for another, and grows without change', async () => {
    const mutants = await listMutants([SCHEDULE]);
    const drawn = (size: number, seed: number) => drawSample(mutants, size, seed).map(mutantKey);
    expect(drawn(10, 1)).toEqual(drawn(10, 1));
    expect(drawn(10, 1)).not.toEqual(drawn(10, 2));
    expect(drawn(12, 1).slice(0, 10)).toEqual(drawn(10, 1));
    expect(drawn(10_000, 1)).toHaveLength(mutants.length);
  });

  it('names a mutant as its result does, which counts lines and columns from 1', () => {
    const mutant: Mutant = {
      id: '1',
      fileName: resolve(SCHEDULE),
      location: { start: { line: 4, column: 2 }, end: { line: 4, column: 9 } },
      mutatorName: 'EqualityOperator',
      replacement: 'a < b',
    };
    const location = { start: { line: 5, column: 3 }, end: { line: 5, column: 10 } };
    expect(mutantKey(mutant)).toBe(`${SCHEDULE}:5:3-5:10 EqualityOperator a < b`);
    expect(resultKey({ ...mutant, location })).toBe(mutantKey(mutant));
  });
});

describe('a score', () => {
  it('has the interval of Wilson', () => {
    // statsmodels.stats.proportion.proportion_confint(8, 10, method='wilson'), and of 0 and 10 of 10
    for (const [successes, low, high] of [
      [8, 0.4901625, 0.9433178],
      [0, 0, 0.2775328],
      [10, 0.7224672, 1],
    ] as const) {
      const [from, to] = wilson(successes, 10);
      expect(from).toBeCloseTo(low, 6);
      expect(to).toBeCloseTo(high, 6);
    }
  });

  it('counts mutants that no test reaches, and leaves out those that are ignored', () => {
    const statuses = ['Killed', 'Killed', 'Timeout', 'Survived', 'NoCoverage', 'Ignored'] as const;
    expect(scoreOf(statuses.map((status) => ({ status }) as MutantResult))).toMatchObject({
      killed: 2,
      timeouts: 1,
      survived: 1,
      noCoverage: 1,
      ignored: 1,
      score: 0.6,
    });
    expect(scoreOf([])).toMatchObject({ score: null, interval: null });
  });
});

describe('what is asked for', () => {
  const [autograd] = GROUPS as unknown as [(typeof GROUPS)[number]];

  it('are folders and files of the core, without their tests', () => {
    expect(chosenFiles(autograd, [SCHEDULE])).toEqual([SCHEDULE]);
    const optim = chosenFiles(autograd, ['packages/autograd/src/optim']);
    expect(optim).toContain(SCHEDULE);
    expect(optim.filter((file) => file.includes('.test.'))).toEqual([]);
    expect(chosenFiles(autograd, []).length).toBeGreaterThan(optim.length);
  });

  it('belong to one group each', () => {
    const files = GROUPS.flatMap((group) => chosenFiles(group, []));
    expect(new Set(files).size).toBe(files.length);
  });

  it('is refused where it is not of the core, or no number', () => {
    expect(readOptions(['./packages/autograd/src/optim/', '--sample', '30', '--seed', '2'])).toEqual({
      parts: ['packages/autograd/src/optim'],
      sample: 30,
      seed: 2,
    });
    expect(readOptions([])).toEqual({ parts: [], sample: undefined, seed: 1 });
    expect(() => readOptions(['packages/autograd/src/runtime'])).toThrow('packages/autograd/src/runtime');
    expect(() => readOptions(['--sample', 'many'])).toThrow('--sample');
    expect(() => readOptions(['--sample', '0'])).toThrow('--sample');
    expect(() => readOptions(['--seed', '1.5', '--sample', '5'])).toThrow('--seed');
  });
});
