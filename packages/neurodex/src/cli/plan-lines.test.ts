import { expect, it } from 'vitest';
import type { BuildPlan } from '../build/plan.ts';
import { planLines, planSentence } from './plan-lines.ts';

const plan: BuildPlan = {
  pictures: { catalogue: 90, train: 20, validation: 4, test: 6 },
  parameters: 212_000,
  steps: 1_200,
  stages: [
    { name: 'decode', summary: 'the pictures', bytes: 0, seconds: 3 },
    { name: 'describe', summary: 'the vocabulary', bytes: null, seconds: null },
    { name: 'train', summary: 'the network', bytes: 848_000, seconds: 75 },
  ],
};

it('shows a stage to a line, and does not invent what is not known', () => {
  const lines = planLines(plan);
  expect(lines).toContain('network     212,000 parameters, 1,200 steps');
  expect(lines.find((line) => line.startsWith('train'))).toMatch(/^train +1 min 15 s +848 kB +the network$/);
  expect(lines.find((line) => line.startsWith('describe'))).toMatch(/^describe +– +– +the vocabulary$/);
});

it('says the same in one sentence', () => {
  expect(planSentence(plan)).toBe(
    'plan: decode → describe → train; 120 pictures, 1,200 training steps; about 1 min 18 s and 848 kB',
  );
  const embed = { name: 'embed', summary: 'the encoder', bytes: null, seconds: null } as const;
  expect(planSentence({ ...plan, stages: [...plan.stages, embed] })).toContain('; more than 1 min 18 s and 848 kB');
});
