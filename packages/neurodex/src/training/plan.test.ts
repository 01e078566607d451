import { describe, expect, it } from 'vitest';
import { PRESETS } from '../presets/presets.ts';
import { planTraining } from './plan.ts';

describe('planTraining', () => {
  it('gives the seed its two phases: 750 passes over the catalogue, 75 over the pairs', () => {
    const [indexing, retrieval, ...more] = planTraining(PRESETS.seed, { catalogue: 96, pairs: 4147 });
    expect(more).toEqual([]);
    expect(indexing).toMatchObject({
      name: 'indexing',
      steps: (750 * 96) / 32,
      identifiers: 1,
      mix: { indexing: 32, retrieval: 0 },
    });
    expect(retrieval).toMatchObject({
      name: 'retrieval',
      steps: Math.ceil((75 * 4147) / 32),
      mix: { indexing: 0, retrieval: 32 },
    });
    expect(indexing?.schedule).toEqual({ learningRate: 5e-4, kind: 'constant', warmupSteps: 0, steps: 2250 });
  });

  const joint = (retrievalShare: number, pairs = 500) =>
    planTraining(
      {
        training: {
          ...PRESETS.joint.training,
          batchSize: 16,
          retrievalShare,
          indexingEpochs: 30,
          identifiersPerQuery: 4,
        },
      },
      { catalogue: 100, pairs },
    );

  it('mixes both tasks in every batch of a joint plan, whatever the share', () => {
    expect(joint(0.75)).toMatchObject([
      { name: 'joint', mix: { indexing: 4, retrieval: 12 }, steps: 750, identifiers: 4 },
    ]);
    expect(joint(0)[0]?.mix).toEqual({ indexing: 15, retrieval: 1 });
    expect(joint(1)[0]?.mix).toEqual({ indexing: 1, retrieval: 15 });
    const training = { ...PRESETS.joint.training, batchSize: 1, retrievalShare: 0.9, indexingEpochs: 2 };
    // One picture has room for one task.
    expect(planTraining({ training }, { catalogue: 10, pairs: 5 })).toMatchObject([
      { mix: { indexing: 1, retrieval: 0 }, steps: 20 },
    ]);
  });

  it('only indexes where nothing is relevant to anything', () => {
    expect(joint(0.5, 0)).toMatchObject([{ name: 'indexing', mix: { indexing: 16, retrieval: 0 }, identifiers: 1 }]);
  });

  it('asks for R pairs with each query of a retrieval phase, and for one identifier in indexing', () => {
    const training = {
      ...PRESETS.seed.training,
      batchSize: 4,
      identifiersPerQuery: 3,
      indexingEpochs: 2,
      retrievalEpochs: 5,
    };
    const phases = planTraining({ training }, { catalogue: 10, pairs: 25 });
    // 2 · 10 pictures in fours; 5 · 25 pairs in twelves.
    expect(phases.map(({ name, steps, identifiers }) => [name, steps, identifiers])).toEqual([
      ['indexing', 5, 1],
      ['retrieval', 11, 3],
    ]);
    // Pairs alone are enough for a phase of a sequential plan, and for a joint one.
    expect(planTraining({ training }, { catalogue: 0, pairs: 1 }).map(({ name }) => name)).toEqual(['retrieval']);
    expect(joint(0.5, 1).map(({ name }) => name)).toEqual(['joint']);
  });

  it('leaves out phases without steps', () => {
    const training = { ...PRESETS.seed.training, retrievalEpochs: 0 };
    expect(planTraining({ training }, { catalogue: 10, pairs: 10 }).map(({ name }) => name)).toEqual(['indexing']);
    expect(planTraining({ training }, { catalogue: 0, pairs: 0 })).toEqual([]);
  });

  it('warms up for a share of the steps of each phase, rounded', () => {
    const training = { ...PRESETS.seed.training, batchSize: 10, indexingEpochs: 1, warmupFraction: 0.1 };
    const schedules = planTraining({ training }, { catalogue: 151, pairs: 0 }).map(({ schedule }) => schedule);
    // 151 pictures are 16 batches of ten; a tenth of them is 1.6.
    expect(schedules).toMatchObject([{ steps: 16, warmupSteps: 2 }]);
  });
});
