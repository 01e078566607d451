import * as disk from 'node:fs/promises';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors, writeSafetensors } from '@neurodex/autograd';
import { silentReporter } from '@neurodex/core';
import type { FileSystem } from '@neurodex/core/storage';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noMount, onTinyDisk } from '../../../core/src/storage/tiny-disk.fixture.ts';
import { type Checkpoint, deserialiseCheckpoint, serialiseCheckpoint } from './checkpoint.ts';
import { CheckpointFolder } from './checkpoint-folder.ts';

const N = 5;
const vector = (start: number) => Float32Array.from({ length: N }, (_, i) => start + i / 3);
const words = [1, 2, 0xffffffff, 4];
const at = (step: number, changes: Partial<Checkpoint> = {}): Checkpoint => ({
  phase: 'joint',
  phaseStep: step,
  state: {
    vectors: { parameters: vector(step), moment1: vector(-1), moment2: vector(2) },
    step,
    optimizerStep: step,
    noise: words,
  },
  batches: {
    random: words,
    samplers: {
      indexing: { shuffledWith: words, left: 3 },
      queries: { shuffledWith: [], left: 0 },
      selfQueries: { shuffledWith: words, left: 0 },
    },
  },
  best: { score: 0.25, step: 2, metrics: { 'IA@1': 0.25 }, parameters: vector(9) },
  waited: 1,
  good: { metrics: {}, parameters: vector(8) },
  validated: { 'IA@1': 0.125 },
  validatedAt: 4,
  skipped: { all: 2, stretch: 0 },
  ...changes,
});
const context = { seconds: 1.5, logBytes: 321 };

describe('a checkpoint', () => {
  it('comes back as it was', () => {
    expect(deserialiseCheckpoint(serialiseCheckpoint(at(7), context), N)).toEqual({ ...at(7), ...context });
    const { best: _, good: __, ...early } = at(1);
    expect(deserialiseCheckpoint(serialiseCheckpoint(early, context), N)).toEqual({ ...early, ...context });
  });

  it('is refused when any byte is another, or when it is cut off', () => {
    const bytes = serialiseCheckpoint(at(7), context);
    const refused = (changed: Uint8Array): void => {
      expect(() => deserialiseCheckpoint(changed, N)).toThrow(RangeError);
    };
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (place, flip) => {
        const changed = bytes.slice();
        changed[place] = (changed[place] as number) ^ flip;
        // Blanks that fill up the header mean nothing.
        if (bytes[place] === 0x20 && [0x09, 0x0a, 0x0d].includes(changed[place] as number)) return;
        refused(changed);
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.nat(bytes.length - 1), (length) => refused(bytes.slice(0, length))));
    fc.assert(fc.property(fc.uint8Array(), refused));
  });

  it('is refused in words: of a later format, of another network, of something else', () => {
    const bytes = serialiseCheckpoint(at(7), context);
    const { tensors, metadata } = readSafetensors(bytes);
    const later = writeSafetensors(tensors, { ...metadata, version: '4' });
    expect(() => deserialiseCheckpoint(later, N)).toThrow('has version 4 of the format; this Neurodex reads 3');
    expect(() => deserialiseCheckpoint(bytes, N + 1)).toThrow('is of another network: parameters has 5 numbers, not 6');
    expect(() => deserialiseCheckpoint(writeSafetensors(tensors), N)).toThrow('is not a checkpoint');
    expect(() => deserialiseCheckpoint(writeSafetensors(tensors, { ...metadata, sha256: '' }), N)).toThrow(
      'is damaged: its SHA-256 differs',
    );
    expect(() => deserialiseCheckpoint(new Uint8Array(4), N)).toThrow(/^is damaged: ./);
    // A header of two bytes that is no JSON.
    const noHeader = Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x5d);
    expect(() => deserialiseCheckpoint(noHeader, N)).toThrow(/^is damaged: ./);
  });

  it('is refused where its state makes no sense, though its digest is right, or a vector is missing', () => {
    const broken = { ...at(7), validatedAt: -1 };
    expect(() => deserialiseCheckpoint(serialiseCheckpoint(broken, context), N)).toThrow(
      'is damaged: validatedAt makes no sense',
    );
    const nested = { ...at(7), skipped: { all: 0.5, stretch: 0 } };
    expect(() => deserialiseCheckpoint(serialiseCheckpoint(nested, context), N)).toThrow('skipped.all makes no sense');
    const short = { ...at(7), best: { score: 0.25, step: 2, metrics: {}, parameters: new Float32Array(2) } };
    expect(() => deserialiseCheckpoint(serialiseCheckpoint(short, context), N)).toThrow(
      'is of another network: best has 2 numbers, not 5',
    );
  });
});

describe('the folder of checkpoints', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'neurodex-checkpoints-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const listener = () => {
    const said: string[] = [];
    return {
      said,
      reporter: { ...silentReporter, warn: (m: string) => said.push(m), info: (m: string) => said.push(m) },
    };
  };
  const saveAll = async (folder: CheckpointFolder, steps: readonly number[]) => {
    for (const step of steps) await folder.save(at(step), context);
    await folder.settled();
  };
  const name = (step: number) => join(root, `step-${String(step).padStart(12, '0')}.safetensors`);

  it('keeps the last two, and gives the last', async () => {
    const { said, reporter } = listener();
    const folder = new CheckpointFolder(root, reporter);
    expect(await folder.latest(N)).toBeUndefined();
    await saveAll(folder, [10, 20, 30]);
    expect((await readdir(root)).map((file) => join(root, file))).toEqual([name(20), name(30)]);
    expect(await folder.latest(N)).toEqual({ ...at(30), ...context });
    expect(said).toEqual([]);
  });

  it('passes over one that is damaged or of a later format, says why, and takes the one before', async () => {
    const { said, reporter } = listener();
    const folder = new CheckpointFolder(root, reporter);
    await saveAll(folder, [10, 20]);
    const bytes = await readFile(name(20));
    await writeFile(name(20), bytes.subarray(0, 300));
    const { tensors, metadata } = readSafetensors(serialiseCheckpoint(at(30), context));
    await writeFile(name(30), writeSafetensors(tensors, { ...metadata, version: '4' }));
    await writeFile(`${name(40)}.partial-123-abc`, 'half of one');
    const again = new CheckpointFolder(root, reporter);
    expect((await again.latest(N))?.state.step).toBe(10);
    expect((await readdir(root)).filter((file) => file.includes('partial'))).toEqual([]);
    expect(said).toEqual([
      expect.stringMatching(/000030\.safetensors is refused: it has version 4/),
      expect.stringMatching(/000020\.safetensors is refused: it is damaged/),
    ]);
    // The next ones do not push out the good one in favour of the bad ones.
    await saveAll(again, [12]);
    expect((await readdir(root)).includes('step-000000000010.safetensors')).toBe(true);
    await saveAll(again, [20]);
    expect((await new CheckpointFolder(root, reporter).latest(N))?.state.step).toBe(20);
  });

  it('names the file that it refuses, and says where there is none to go on from', async () => {
    const told: [string, unknown][] = [];
    const reporter = {
      ...silentReporter,
      warn: (message: string, details?: unknown) => void told.push([message, details]),
    };
    await writeFile(name(10), 'no checkpoint');
    expect(await new CheckpointFolder(root, reporter).latest(N)).toBeUndefined();
    expect(told).toEqual([[expect.stringContaining('is refused: it is damaged'), { path: name(10) }]]);
    const files: FileSystem = {
      ...disk,
      async mkdir(): Promise<undefined> {
        throw new Error('read-only');
      },
    };
    const folder = new CheckpointFolder(root, reporter, files);
    await saveAll(folder, [11]);
    expect(told[1]).toEqual([
      expect.stringMatching(/step 11 cannot be written: read-only; .*\(there is none yet\)/),
      { path: root, step: 11 },
    ]);
    expect(folder.newest).toBeUndefined();
  });

  it('tells once of a disk that refuses, and of the first that is written again', async () => {
    const { said, reporter } = listener();
    let refuses = false;
    const files: FileSystem = {
      ...disk,
      async rename(from, to) {
        if (refuses) throw Object.assign(new Error('read-only'), { code: 'EROFS' });
        await disk.rename(from, to);
      },
    };
    const folder = new CheckpointFolder(root, reporter, files);
    await saveAll(folder, [1]);
    refuses = true;
    await saveAll(folder, [2, 3]);
    refuses = false;
    await saveAll(folder, [4]);
    expect(said).toEqual([
      expect.stringMatching(/step 2 cannot be written: .*EROFS.*the last one is of step 1/),
      'checkpoints are written again, as of step 4',
    ]);
    expect((await readdir(root)).map((file) => join(root, file))).toEqual([name(1), name(4)]);
  });

  it.skipIf(noMount !== undefined)(`leaves no torn file on a disk that is full${noMount ? ` (${noMount})` : ''}`, () =>
    onTinyDisk(async (small) => {
      const { said, reporter } = listener();
      const folder = new CheckpointFolder(join(small, 'checkpoints'), reporter);
      await saveAll(folder, [1]);
      await writeFile(join(small, 'filler'), new Uint8Array(1 << 20)).catch(() => {});
      await saveAll(folder, [2]);
      expect(said).toHaveLength(1);
      expect(await readdir(join(small, 'checkpoints'))).toEqual(['step-000000000001.safetensors']);
      await rm(join(small, 'filler'));
      await saveAll(folder, [3]);
      expect((await folder.latest(N))?.state.step).toBe(3);
    }),
  );
});
