import { describe, expect, it } from 'vitest';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
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
