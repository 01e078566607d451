import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../config.ts';
import { PRESETS } from '../presets/presets.ts';
import { seeGeometry } from '../training/see.ts';
import { tinyCatalogue } from '../training/tiny-catalogue.fixture.ts';
import type { Build } from './build.ts';
import { secondsAfterSeeing, seeSteps } from './see-budget.ts';

const { store } = tinyCatalogue(2);
const base: Config = {
  ...PRESETS.default,
  pictures: { ...PRESETS.default.pictures, size: 16 },
  model: { ...PRESETS.default.model, patchSize: 8, width: 8, feedForwardWidth: 8, heads: 2, layers: 1, dropout: 0 },
  training: { ...PRESETS.default.training, batchSize: 4, seeEpochs: 10, seeSteps: 1000 },
  text: { ...PRESETS.default.text, tokens: 0 },
};
/** Reading that takes hours. */
const READING: Config['text'] = { ...PRESETS.default.text, vocabulary: 256, layers: 1, steps: 1e7, epochs: 1e7 };

let folder = '';
beforeEach(async () => {
  if (folder !== '') await rm(folder, { recursive: true });
  folder = await mkdtemp(join(tmpdir(), 'neurodex-budget-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What is decided for a run, and what is said. @param elapsed seconds that the stages before took */
async function decided(minutes: number, elapsed = 0, text = base.text) {
  const config = { ...base, text, training: { ...base.training, minutes } };
  const said: string[] = [];
  const warned: string[] = [];
  const runtime = nodeRuntime({ threads: 1 });
  let sessions = 0;
  // As much of a build as the budget needs.
  const build = {
    config,
    dataset: { pictures: Array.from({ length: 4000 }, (_, i) => ({ path: `${i}.png`, labels: [`label ${i}`] })) },
    seed: 1,
    work: join(folder, 'work'),
    runtime: {
      ...runtime,
      load: (...args: Parameters<typeof runtime.load>) => {
        sessions++;
        return runtime.load(...args);
      },
    },
    reporter: { ...silentReporter, info: (line: string) => said.push(line), warn: (line: string) => warned.push(line) },
    elapsed: () => elapsed,
    facts: async () => ({ catalogue: store.catalogue.length }),
  } as unknown as Build;
  const pictures = [...store.catalogue, ...store.queries('train')];
  const steps = await seeSteps(build, { geometry: seeGeometry(config, undefined), config, store, pictures });
  return { steps, said, warned, timed: sessions > 0 };
}

describe('without a time', () => {
  it('the steps are those of the configuration, and nothing is timed or written', async () => {
    // ⌈10 epochs · 8 pictures / 4 in a batch⌉
    expect(await decided(0)).toEqual({ steps: 20, said: [], warned: [], timed: false });
    await expect(readFile(join(folder, 'work', 'see-budget.json'))).rejects.toThrow('ENOENT');
  });
});

describe('with a time', () => {
  it('the steps fill what the other stages leave, at the speed that was measured', async () => {
    const { steps, said, warned, timed } = await decided(1, 30);
    expect([timed, warned]).toEqual([true, []]);
    const [, words, milliseconds] = /^see: (\d+) steps of (\d+) ms .*ready after 1 minutes$/.exec(said[0] ?? '') ?? [];
    expect(Number(words)).toBe(steps);
    // Thirty seconds are left, of which eight pictures take a few milliseconds; the time that is told is rounded.
    expect(steps * (Number(milliseconds) + 0.5)).toBeGreaterThan(29_500);
    expect(steps * Math.max(0, Number(milliseconds) - 0.5)).toBeLessThan(30_000);
  });

  it('learning to read takes its part of the time', async () => {
    const { steps, warned } = await decided(1, 0, READING);
    expect([steps, warned.length]).toEqual([1, 1]);
  });

  it('they are decided once, and a run that goes on reads them', async () => {
    const first = await decided(1, 10);
    const again = await decided(1, 50);
    expect(first.timed).toBe(true);
    expect(again).toEqual({ steps: first.steps, said: [], warned: [], timed: false });
  });

  it('they are decided anew where the file was changed', async () => {
    await decided(1);
    const file = join(folder, 'work', 'see-budget.json');
    const known = JSON.parse(await readFile(file, 'utf8')) as { steps: number };
    await writeFile(file, JSON.stringify({ ...known, steps: 3 }));
    const { steps, timed } = await decided(1);
    expect(timed).toBe(true);
    expect(steps).toBeGreaterThan(3);
  });

  it('there is one step and a warning where the time is over before', async () => {
    const { steps, warned } = await decided(0.5, 31);
    expect(steps).toBe(1);
    expect(warned).toEqual(['0.5 minutes are over before the network could learn to see']);
  });
});

describe('the seconds after seeing', () => {
  it('are those of states, names and rows, and grow with the catalogue', () => {
    const [small, large] = [secondsAfterSeeing(1000, 0.003), secondsAfterSeeing(60_000, 0.003)];
    // A forward pass is a third of a step; 2,500 pictures are named and 10,000 are written in a second.
    expect(small.states).toBeCloseTo(1, 9);
    expect([small.identify, small.write]).toEqual([0.4, 0.1]);
    for (const { states, identify, write, all } of [small, large]) expect(all).toBe(states + identify + write);
    expect(large.all / small.all).toBeCloseTo(60, 9);
  });
});
