import { createHash } from 'node:crypto';
import * as disk from 'node:fs/promises';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors, writeSafetensors } from '@neurodex/autograd';
import { silentReporter } from '@neurodex/core';
import type { FileSystem } from '@neurodex/core/storage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Checkpoint, deserialiseCheckpoint, serialiseCheckpoint } from './checkpoint.ts';
import { CheckpointFolder } from './checkpoint-folder.ts';

const words = [0, 1, 0xffffffff, 4];
const at = (step: number): Checkpoint => ({
  phase: 'joint',
  phaseStep: step,
  state: { vectors: { parameters: Float32Array.of(step, 0.5) }, step, optimizerStep: step, noise: words },
  batches: {
    random: words,
    indexing: { shuffledWith: words, left: 3 },
    queries: { shuffledWith: [], left: 0 },
    selfQueries: { shuffledWith: [], left: 0 },
  },
  waited: 0,
  validated: {},
  validatedAt: 0,
  skipped: { all: 0, stretch: 0 },
});
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
    ['indexing', { shuffledWith: [1, 2, 3], left: 1 }],
    ['queries', { shuffledWith: words, left: -1 }],
    ['selfQueries', { shuffledWith: words }],
    ['indexing', { shuffledWith: words, left: 1, more: 1 }],
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

describe('the folder of checkpoints', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'neurodex-checkpoints-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));
  const nameOf = (step: number) => `step-${String(step).padStart(12, '0')}.safetensors`;
  const listener = () => {
    const said: string[] = [];
    const reporter = { ...silentReporter, warn: (m: string) => said.push(m), info: (m: string) => said.push(m) };
    return { said, reporter };
  };
  /** The disk, which counts what is moved into place. */
  const counting = () => {
    let moved = 0;
    const files: FileSystem = {
      ...disk,
      async rename(from, to) {
        moved++;
        await disk.rename(from, to);
      },
    };
    return { files, moved: () => moved };
  };

  it('is made with the first one, and holds none before', async () => {
    const { said, reporter } = listener();
    const folder = new CheckpointFolder(join(root, 'deep', 'checkpoints'), reporter);
    expect(await folder.latest(2)).toBeUndefined();
    expect(folder.newest).toBeUndefined();
    await folder.save(at(5), context);
    await folder.settled();
    expect(await readdir(join(root, 'deep', 'checkpoints'))).toEqual([nameOf(5)]);
    expect([folder.newest, said]).toEqual([5, []]);
  });

  it('writes no step twice, not even one that an earlier process has written', async () => {
    const { files, moved } = counting();
    const folder = new CheckpointFolder(root, silentReporter, files);
    for (let i = 0; i < 3; i++) await folder.save(at(5), context);
    await folder.settled();
    expect(moved()).toBe(1);
    const again = new CheckpointFolder(root, silentReporter, files);
    expect((await again.latest(2))?.state.step).toBe(5);
    expect(again.newest).toBe(5);
    await again.save(at(5), context);
    await again.settled();
    expect(moved()).toBe(1);
    await again.save(at(6), context);
    await again.settled();
    expect([moved(), again.newest]).toEqual([2, 6]);
  });

  it('gives the one of the most steps, by their number', async () => {
    const folder = new CheckpointFolder(root, silentReporter);
    for (const step of [9, 100]) {
      await folder.save(at(step), context);
      await folder.settled();
    }
    expect((await new CheckpointFolder(root, silentReporter).latest(2))?.state.step).toBe(100);
  });

  it('leaves alone what is called otherwise, and takes no notice of it', async () => {
    const { said, reporter } = listener();
    const foreign = [
      `x${nameOf(7)}`,
      `${nameOf(7)}x`,
      'step-7.safetensors',
      'step-0000000000007.safetensors',
      `x${nameOf(7)}.partial-1`,
      `${nameOf(7)}.partial`,
      'notes.txt',
    ];
    for (const name of foreign) await writeFile(join(root, name), 'mine');
    const torn = [`${nameOf(7)}.partial-1-a`, `${nameOf(8)}.partial-`];
    for (const name of torn) await writeFile(join(root, name), 'half of one');
    const folder = new CheckpointFolder(root, reporter);
    expect(await folder.latest(2)).toBeUndefined();
    for (const step of [1, 2, 3]) await folder.save(at(step), context);
    await folder.settled();
    expect((await readdir(root)).sort()).toEqual([...foreign, nameOf(2), nameOf(3)].sort());
    expect(said).toEqual([]);
  });

  it('passes over what cannot be read', async () => {
    const { said, reporter } = listener();
    const folder = new CheckpointFolder(root, reporter);
    await folder.save(at(5), context);
    await folder.settled();
    await mkdir(join(root, nameOf(6)));
    expect((await new CheckpointFolder(root, reporter).latest(2))?.state.step).toBe(5);
    expect(said).toEqual([expect.stringMatching(/000006\.safetensors is refused: it cannot be read: EISDIR/)]);
  });

  it('removes older ones alone, in the order of their numbers', async () => {
    const folder = new CheckpointFolder(root, silentReporter);
    await writeFile(join(root, nameOf(50)), 'of a later step, and refused');
    for (const step of [3, 20, 21, 9]) {
      await folder.save(at(step), context);
      await folder.settled();
    }
    // Behind step 9, 20, 21 and 50 are later; before it, 3 was removed by step 21.
    expect((await readdir(root)).sort()).toEqual([9, 20, 21, 50].map(nameOf));
  });

  it('copies the state before it resolves, and writes beside training, one at a time', async () => {
    let resume: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      resume = resolve;
    });
    const files: FileSystem = {
      ...disk,
      async rename(from, to) {
        await gate;
        await disk.rename(from, to);
      },
    };
    const folder = new CheckpointFolder(root, silentReporter, files);
    const checkpoint = at(1);
    await folder.save(checkpoint, context);
    checkpoint.state.vectors.parameters?.fill(99);
    expect(folder.newest).toBeUndefined();
    let second = false;
    const waiting = folder.save(at(2), context).then(() => {
      second = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(second).toBe(false);
    resume();
    await waiting;
    await folder.settled();
    expect((await readdir(root)).sort()).toEqual([nameOf(1), nameOf(2)]);
    const bytes = await disk.readFile(join(root, nameOf(1)));
    expect(deserialiseCheckpoint(bytes, 2)).toEqual({ ...at(1), ...context });
  });
});
