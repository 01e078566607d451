import { describe, expect, it } from 'vitest';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import { compared, type Figures } from './leaderboard-comparison.ts';
import { RECIPES, type RecipeName } from './leaderboard-recipes.ts';
import { configOf, SETS, type SetName } from './leaderboard-sets.ts';

const names = Object.keys(RECIPES) as RecipeName[];
const sets = Object.keys(SETS) as SetName[];

describe('the rows of the leaderboard', () => {
  it('have one that all others are compared with, and one that is what the presets have', () => {
    expect(names.filter((name) => RECIPES[name].status === 'before')).toEqual(['before']);
    expect(names.filter((name) => RECIPES[name].status === 'now')).toHaveLength(1);
    for (const name of names) if (RECIPES[name].status === 'now') expect(RECIPES[name].settings).toEqual([]);
  });

  it.each(sets)('are sound configurations of %s', async (set) => {
    for (const name of names) {
      const config = await configOf(SETS[set], RECIPES[name]);
      expect(config.training.plan).toBe('write');
    }
  });

  it('begin with what the presets had when the first was measured', async () => {
    const { model, training } = await configOf(SETS.emoji, RECIPES.before);
    expect(training).toMatchObject({
      optimizer: 'adamw',
      learningRate: 1.5e-3,
      seeSteps: 6000,
      seeEpochs: 140,
      batchSize: 64,
    });
    expect(model).toMatchObject({ patchSize: 12, width: PRESETS.demo.model.width });
  });
});

describe('the targets of a set', () => {
  const figures = (seconds: number, reached = true): Figures => ({
    reached,
    seconds,
    trainingSeconds: seconds,
    cpuSeconds: 2 * seconds,
    steps: 10,
    cpuSecondsPerStep: seconds / 5,
    'AP@10': 0.5,
    'P@10': 0.5,
    'IA@1': 1,
    commits: [],
  });
  const valuesOf = (entries: readonly (readonly [string, Figures])[]) =>
    compared('emoji', ['before', 'now'], new Map(entries)).targets.map(({ name, value, bound, direction }) => [
      name,
      value,
      direction,
      bound,
    ]);

  it('compare our recipe with the one before and with PyTorch under both', () => {
    const entries = [
      ['before', figures(100)],
      ['now', { ...figures(30), shareOfPeak: 0.7 }],
      ['pytorch, recipe before', figures(120)],
      ['pytorch, recipe now', figures(40)],
    ] as const;
    expect(valuesOf(entries)).toEqual([
      ['seconds from picture files to the quality, now / before: emoji', 0.3, 'at most', 0.5],
      ['share of the peak matrix product in a step: emoji', 0.7, 'at least', 0.6],
      ['seconds to quality / compiled PyTorch with this recipe: emoji', 0.75, 'at most', 1],
      ['seconds to quality / compiled PyTorch with the recipe before: emoji', 0.25, 'at most', 0.4],
    ]);
  });

  it('have no value where a side is missing, or has not reached the quality', () => {
    const entries = [
      ['before', figures(100)],
      ['now', figures(30)],
      ['pytorch, recipe before', figures(120, false)],
    ] as const;
    expect(valuesOf(entries).map(([, value]) => value)).toEqual([0.3, null, null, null]);
    const { ratios } = compared('emoji', ['before', 'now'], new Map(entries));
    expect(ratios['processor seconds of training, now / before: emoji']).toBe(0.3);
    expect(ratios['processor seconds of a step, now / compiled PyTorch with this recipe: emoji']).toBeNull();
    expect(ratios['processor seconds of a step, before / compiled PyTorch with this recipe: emoji']).toBeCloseTo(
      100 / 120,
    );
  });
});
