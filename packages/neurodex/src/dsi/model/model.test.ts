import { initialParameters, parameterCount, Random, readSafetensors, writeSafetensors } from '@neurodex/autograd';
import { NeurodexError } from '@neurodex/core';
import { describe, expect, it } from 'vitest';
import type { Geometry } from './geometry.ts';
import { type DsiModel, deserialiseModel, serialiseModel } from './model-file.ts';
import { dsiParameters, parameterArrays, rowTables } from './parameters.ts';

const geometry: Geometry = {
  input: 'pixels',
  imageSize: 16,
  patchSize: 8,
  stem: 'linear',
  sequenceLength: 4,
  width: 8,
  feedForwardWidth: 12,
  heads: 2,
  layers: 2,
  vocabulary: 13,
  embeddingRows: 20,
  pad: 11,
  maxIdentifierLength: 3,
  output: 'own',
  positions: 'learned',
  attention: 'prefix',
};
const modelOf = (changes: Partial<Geometry> = {}): DsiModel => {
  const own = { ...geometry, ...changes };
  return { geometry: own, parameters: initialParameters(dsiParameters(own), Random.seeded(1)), prefixes: undefined };
};

/** The model's file with other metadata or tensors. */
function rewritten(metadata: Record<string, string>, leftOut?: string): Uint8Array {
  const { geometry, parameters } = modelOf();
  const arrays = Object.entries(parameterArrays(geometry, parameters)).filter(([name]) => name !== leftOut);
  return writeSafetensors(Object.fromEntries(arrays), metadata, 'float32');
}
const described = (changes: Record<string, unknown>) =>
  rewritten({ geometry: JSON.stringify({ ...geometry, ...changes }) });

function refusal(bytes: Uint8Array): string {
  try {
    deserialiseModel(bytes, 'model.safetensors');
  } catch (error) {
    if (!(error instanceof NeurodexError)) throw error;
    expect(error).toMatchObject({ code: 'index-damaged', details: { file: 'model.safetensors' } });
    expect(error.message).toContain('model.safetensors is damaged');
    return error.message;
  }
  return 'none';
}

describe('a model as a file', () => {
  it.each([
    {},
    { input: 'embeddings', channels: 5, sequenceLength: 7 },
    { stem: 'convolutional' },
    { output: 'shared', positions: 'sinusoidal', attention: 'causal', pad: 0 },
  ] satisfies Partial<Geometry>[])('is read as it was written: %j', (changes) => {
    const model = modelOf(changes);
    expect(deserialiseModel(serialiseModel(model), 'x')).toEqual(model);
  });

  it('is small where all sizes are 1', () => {
    const sizes = { imageSize: 1, patchSize: 1, sequenceLength: 1, width: 1, feedForwardWidth: 1, heads: 1, layers: 1 };
    const model = modelOf({ ...sizes, vocabulary: 1, embeddingRows: 1, maxIdentifierLength: 1, pad: 0 });
    expect(deserialiseModel(serialiseModel(model), 'x')).toEqual(model);
    const behind = modelOf({ ...sizes, input: 'embeddings', channels: 1 });
    expect(deserialiseModel(serialiseModel(behind), 'x')).toEqual(behind);
  });

  it('names the format and the kind of model, as other readers of safetensors expect', () => {
    const { metadata, tensors } = readSafetensors(serialiseModel(modelOf()));
    expect(metadata).toMatchObject({ format: 'pt', model: 'vit-dsi' });
    expect(tensors['token.embedding']?.shape).toEqual([20, 8]);
  });

  it('has its parameters in the precision that is asked for', () => {
    const model = modelOf();
    const [whole, half] = [serialiseModel(model), serialiseModel(model, 'float16')];
    expect(whole.length - half.length).toBeGreaterThan(1.9 * model.parameters.length);
    const { parameters } = deserialiseModel(half, 'x');
    // Ten bits behind the first one that is set; the smallest step is 2^-24.
    for (const [i, value] of model.parameters.entries()) {
      expect(Math.abs((parameters[i] as number) - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -11 + 2 ** -25);
    }
  });

  it('is read with the prefixes that its rows stand for', () => {
    const prefixes = { parents: Int32Array.of(-1, -1, 1), tokens: Int32Array.of(-1, 10, 3) };
    const model = { ...modelOf({ embeddingRows: 3 }), prefixes };
    expect(deserialiseModel(serialiseModel(model), 'x')).toEqual(model);
  });

  it('is refused where it says nothing of rows or of outputs', () => {
    for (const key of ['embeddingRows', 'output']) {
      expect(refusal(described({ [key]: undefined }))).toContain('it describes no network');
    }
  });

  it.each([
    'imageSize',
    'patchSize',
    'sequenceLength',
    'width',
    'feedForwardWidth',
    'heads',
    'layers',
    'vocabulary',
    'maxIdentifierLength',
  ])('is refused where %s is 0, a fraction or missing', (key) => {
    for (const value of [0, 1.5, undefined]) {
      expect(refusal(described({ [key]: value }))).toContain('it describes no network');
    }
  });

  it.each([
    { pad: -1 },
    { embeddingRows: 0 },
    { channels: 0 },
    { channels: 3 },
    { pad: 13 },
    { input: 'other' },
    { stem: 'other' },
    { output: 'other' },
    { positions: 'other' },
    { attention: 'other' },
    { more: 1 },
  ])('is refused with %j', (changes) => {
    expect(refusal(described(changes))).toContain('it describes no network');
  });

  it('is refused without a description, or one that is not JSON', () => {
    expect(refusal(rewritten({}))).toContain('it describes no network');
    expect(refusal(rewritten({ geometry: '{' }))).toContain('it describes no network');
    expect(refusal(Uint8Array.of(1, 2, 3))).toContain('damaged');
  });

  it('is refused where a parameter is missing, has another shape, or is no number', () => {
    const text = JSON.stringify(geometry);
    expect(refusal(rewritten({ geometry: text }, 'block1.fc2.bias'))).toContain(
      'the parameter block1.fc2.bias is missing or has another shape',
    );
    expect(refusal(described({ feedForwardWidth: 16 }))).toContain('block0.fc1.weight is missing');
    // As many numbers in another shape: 12 × 8 and 8 × 12.
    const arrays = parameterArrays(geometry, modelOf().parameters);
    const turned = { ...arrays, 'block0.fc1.weight': { shape: [12, 8], data: new Float32Array(96) } };
    expect(refusal(writeSafetensors(turned, { geometry: text }, 'float32'))).toContain('block0.fc1.weight is missing');
    const model = modelOf();
    model.parameters[5] = Number.POSITIVE_INFINITY;
    expect(refusal(serialiseModel(model))).toContain('numbers that are not finite');
  });
});

describe('the parameters of the network', () => {
  /** D = 8, F = 12: what a block holds. */
  const block = 2 * 8 + 2 * 8 + 8 * 24 + 24 + 8 * 8 + 8 + 8 * 12 + 12 + 12 * 8 + 8;
  const count = (changes: Partial<Geometry>) => parameterCount(dsiParameters({ ...geometry, ...changes }));

  it('are as many as their shapes say', () => {
    // Patches of 8·8·3 bytes, 20 rows of tokens, 4 + 3 positions, an output of 8·13 + 13 for each row.
    const patch = 192 * 8 + 8;
    expect(count({})).toBe(patch + 20 * 8 + 7 * 8 + 2 * block + 20 * (8 * 13 + 13));
    const shared = { output: 'shared', positions: 'sinusoidal' } as const;
    expect(count(shared)).toBe(patch + 20 * 8 + 2 * block + 16 + 8 * 13 + 13);
    expect(count({ ...shared, input: 'embeddings', channels: 5 })).toBe(
      5 * 8 + 8 + 20 * 8 + 2 * block + 16 + 8 * 13 + 13,
    );
    // Half the width, a residual 3×3 convolution, then 2×2 positions to a patch.
    const stem = 192 * 4 + 4 + 9 * 4 * 4 + 4 + 4 * 4 * 8 + 8;
    expect(count({ ...shared, stem: 'convolutional' })).toBe(stem + 20 * 8 + 2 * block + 16 + 8 * 13 + 13);
  });

  it('begin as ones, zeros, Glorot’s uniform numbers and small normal ones', () => {
    const wide = { ...geometry, width: 64, feedForwardWidth: 128, sequenceLength: 400, embeddingRows: 500 };
    const arrays = parameterArrays(wide, initialParameters(dsiParameters(wide), Random.seeded(3)));
    const of = (name: string) => arrays[name]?.data ?? new Float32Array();
    const all = (name: string, value: number) => [...of(name)].every((x) => x === value);
    for (const name of ['block0.ln1.weight', 'block1.ln2.weight']) expect(all(name, 1)).toBe(true);
    for (const name of ['block0.ln1.bias', 'block0.qkv.bias', 'block1.fc2.bias', 'head.bias', 'patch.bias']) {
      expect(all(name, 0)).toBe(true);
    }
    const largest = (name: string) => of(name).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    // √(6 / (in + out)); queries, keys and values are three matrices side by side.
    for (const [name, fans] of [
      ['block0.qkv.weight', 64 + 64],
      ['block0.proj.weight', 64 + 64],
      ['block1.fc1.weight', 64 + 128],
      ['block1.fc2.weight', 64 + 128],
      ['head.weight', 64 + 13],
      ['patch.weight', 192 + 64],
    ] as const) {
      const bound = Math.sqrt(6 / fans);
      expect(largest(name), name).toBeLessThanOrEqual(bound + 1e-6);
      expect(largest(name), name).toBeGreaterThan(0.98 * bound);
    }
    for (const name of ['token.embedding', 'position']) {
      const data = of(name);
      const deviation = Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length);
      expect(deviation, name).toBeGreaterThan(0.0195);
      expect(deviation, name).toBeLessThan(0.0205);
    }
  });

  it('have a row for each token in three tables, or in one where the output is shared', () => {
    expect(rowTables(geometry)).toEqual(['token.embedding', 'head.weight', 'head.bias']);
    expect(rowTables({ ...geometry, output: 'shared' })).toEqual(['token.embedding']);
  });
});
