import { describe, expect, it } from 'vitest';
import { type Config, configSchema } from '../config.ts';
import { PRESETS } from '../presets/presets.ts';
import { checkMemory, trainingBytes } from './check-memory.ts';

const GB = 1e9;
const withModel = (model: Partial<Config['model']>): Config => ({
  ...PRESETS.joint,
  model: { ...PRESETS.joint.model, ...model },
});
const withTraining = (training: Partial<Config['training']>): Config => ({
  ...PRESETS.joint,
  training: { ...PRESETS.joint.training, ...training },
});

describe('the memory that a configuration needs', () => {
  it('is there for every preset on a small machine', () => {
    for (const config of Object.values(PRESETS)) checkMemory(config, { available: 4 * GB });
  });

  it('counts at least the parameters with their moments, and what a batch keeps for the backward pass', () => {
    // By hand, for one layer of D = F = 1024: 4·D² + 2·D·F + 10·D = 6,301,696 parameters, eight vectors of 4 bytes.
    const wide = withModel({ layers: 1, width: 1024, feedForwardWidth: 1024 });
    expect(trainingBytes(wide)).toBeGreaterThan(6_301_696 * 8 * 4);
    expect(trainingBytes(wide)).toBeLessThan(1.2 * 6_301_696 * 8 * 4);
    // Twice the batch is twice the activations, and the parameters stay.
    const [one, two, three] = [1000, 2000, 3000].map((batchSize) => trainingBytes(withTraining({ batchSize })));
    expect((three ?? 0) - (two ?? 0)).toBe((two ?? 0) - (one ?? 0));
  });

  it('counts no identifiers where the network learns without any', () => {
    const [few, many] = [1, 1000].map((identifiersPerQuery) =>
      trainingBytes({ ...PRESETS.default, training: { ...PRESETS.default.training, identifiersPerQuery } }),
    );
    expect(few).toBe(many);
  });

  it.each([
    ['model.layers', withModel({ layers: 1_000_000 })],
    ['model.layers', withModel({ layers: Number.MAX_SAFE_INTEGER })],
    ['model.width', withModel({ width: 4_000_000 })],
    ['model.feedForwardWidth', withModel({ feedForwardWidth: 2_000_000_000 })],
    ['model.heads', withModel({ heads: 1 << 20, width: 1 << 20 })],
    ['training.batchSize', withTraining({ batchSize: 10_000_000 })],
    ['training.identifiersPerQuery', withTraining({ identifiersPerQuery: 1_000_000 })],
    ['pictures.maxPixels', { ...PRESETS.joint, pictures: { ...PRESETS.joint.pictures, maxPixels: 1e12 } }],
    ['bovw.descriptorsInMemory', { ...PRESETS.joint, bovw: { ...PRESETS.joint.bovw, descriptorsInMemory: 1e9 } }],
  ] as const)('is refused before anything runs: %s', (key, config) => {
    expect(configSchema.safeParse(config).success).toBe(true);
    let error: { code?: string; message?: string; hint?: string; details?: { keys?: readonly string[] } } = {};
    try {
      checkMemory(config, { available: 16 * GB });
    } catch (thrown) {
      error = thrown as typeof error;
    }
    expect(error.code).toBe('config-invalid');
    expect(error.details?.keys).toContain(key);
    expect(error.message).toMatch(/would take \S+ \S+ of memory at the least, and there are 16\.0 GB/);
  });

  it('names the largest value that fits, which does, and the next one does not', () => {
    const config = withTraining({ batchSize: 10_000_000 });
    const least = () => checkMemory(config, { available: 16 * GB });
    expect(least).toThrow();
    let hint = '';
    try {
      least();
    } catch (error) {
      hint = (error as { hint: string }).hint;
    }
    const fits = Number(/training\.batchSize to (\d+) or less/.exec(hint)?.[1]);
    checkMemory(withTraining({ batchSize: fits }), { available: 16 * GB });
    expect(() => checkMemory(withTraining({ batchSize: fits + 1 }), { available: 16 * GB })).toThrow();
  });

  it('is not asked about what is not made', () => {
    const config = withModel({ layers: 1_000_000 });
    checkMemory(config, { systems: ['pixels'], available: 16 * GB });
    const bovw = { ...PRESETS.joint, bovw: { ...PRESETS.joint.bovw, descriptorsInMemory: 1e9 } };
    checkMemory(bovw, { systems: ['dsi', 'pixels'], available: 16 * GB });
  });
});
