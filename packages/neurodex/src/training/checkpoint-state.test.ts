import { createHash } from 'node:crypto';
import { readSafetensors, writeSafetensors } from '@neurodex/autograd';
import { describe, expect, it } from 'vitest';
import { deserialiseCheckpoint, serialiseCheckpoint } from './checkpoint.ts';
import { smallCheckpoint as at, words } from './small-checkpoint.fixture.ts';

const context = { seconds: 0, logBytes: 0 };

describe('the state of a checkpoint', () => {
  /** A checkpoint with another state, whose digest is right: SHA-256 of the JSON, then of each vector behind its name. */
  function withState(change: (state: Record<string, unknown>) => void): Uint8Array {
    const { tensors, metadata } = readSafetensors(serialiseCheckpoint(at(3), context));
    const state = JSON.parse(metadata.state as string) as Record<string, unknown>;
    change(state);
    const json = JSON.stringify(state);
    const hash = createHash('sha256').update(json);
    for (const [name, { data }] of Object.entries(tensors))
      hash.update(name).update(new Uint8Array(data.slice().buffer));
    return writeSafetensors(tensors, { ...metadata, state: json, sha256: hash.digest('hex') });
  }
  const refusal = (bytes: Uint8Array) => {
    try {
      deserialiseCheckpoint(bytes, 2);
      return 'none';
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
      return (error as RangeError).message;
    }
  };

  it('is read with all counts at 0', () => {
    expect(deserialiseCheckpoint(serialiseCheckpoint(at(0), context), 2)).toEqual({ ...at(0), ...context });
    expect(refusal(withState(() => {}))).toBe('none');
  });

  it.each(['phaseStep', 'step', 'optimizerStep', 'waited', 'validatedAt', 'logBytes'])('has a count for %s', (key) => {
    for (const value of [-1, 0.5, '1', null]) {
      const bytes = withState((state) => {
        state[key] = value;
      });
      expect(refusal(bytes), String(value)).toBe(`is damaged: ${key} makes no sense`);
    }
  });

  it.each([
    ['seconds', -0.5],
    ['phase', 1],
    ['noise', [1, 2, 3]],
    ['noise', [1, 2, 3, 4, 5]],
    ['vectors', 'parameters'],
    ['validated', { a: '1' }],
    ['good', { a: '1' }],
    ['batches', undefined],
    ['skipped', undefined],
  ])('makes sense in %s: not %j', (key, value) => {
    const bytes = withState((state) => {
      state[key] = value;
    });
    expect(refusal(bytes)).toMatch(new RegExp(`^is damaged: ${key}(\\.\\S+)? makes no sense$`));
  });

  it.each([
    ['noise', 0, -1],
    ['noise', 3, 0.5],
    ['noise', 2, 0x100000000],
  ])('has random words of 32 bits: %s[%i] is not %d', (key, place, value) => {
    const bytes = withState((state) => {
      (state[key] as number[])[place] = value;
    });
    expect(refusal(bytes)).toBe(`is damaged: ${key}.${place} makes no sense`);
  });

  it.each([
    ['samplers', { indexing: { shuffledWith: [1, 2, 3], left: 1 } }],
    ['samplers', { queries: { shuffledWith: words, left: -1 } }],
    ['samplers', { selfQueries: { shuffledWith: words } }],
    ['samplers', { first: { shuffledWith: words, left: 1, more: 1 } }],
    ['samplers', undefined],
    ['random', [1]],
    ['more', 1],
  ])('knows where batches begin: not %s of %j', (key, value) => {
    const bytes = withState((state) => {
      (state.batches as Record<string, unknown>)[key] = value;
    });
    expect(refusal(bytes)).toMatch(/^is damaged: batches(\.\S+)? makes no sense$/);
  });

  it('has nothing else in it', () => {
    for (const change of [
      (state: Record<string, unknown>) => Object.assign(state, { more: 1 }),
      (state: Record<string, unknown>) => Object.assign(state.skipped as object, { more: 1 }),
      (state: Record<string, unknown>) => Object.assign(state, { best: { score: 1, step: 1, metrics: {}, more: 1 } }),
    ]) {
      expect(refusal(withState((state) => void change(state)))).toMatch(/makes no sense$/);
    }
  });

  it('needs the vectors that it names', () => {
    const named = (name: string, value: unknown) =>
      withState((state) => {
        state[name] = value;
      });
    expect(refusal(named('best', { score: 1, step: 1, metrics: {} }))).toBe(
      'is of another network: best has 0 numbers, not 2',
    );
    expect(refusal(named('good', {}))).toBe('is of another network: good has 0 numbers, not 2');
    expect(refusal(named('vectors', ['parameters', 'moment']))).toBe(
      'is of another network: moment has 0 numbers, not 2',
    );
  });

  it('is covered by the digest, and so are the names of vectors', () => {
    const { tensors, metadata } = readSafetensors(serialiseCheckpoint(at(3), context));
    const [first] = Object.values(tensors);
    const renamed = writeSafetensors({ other: first as never }, metadata);
    expect(refusal(renamed)).toBe('is damaged: its SHA-256 differs');
    const { state: _, ...without } = metadata;
    expect(refusal(writeSafetensors(tensors, without))).toBe('is damaged: its SHA-256 differs');
  });
});
