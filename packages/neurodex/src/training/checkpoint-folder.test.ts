import * as disk from 'node:fs/promises';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import type { FileSystem } from '@neurodex/core/storage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deserialiseCheckpoint } from './checkpoint.ts';
import { CheckpointFolder } from './checkpoint-folder.ts';
import { smallCheckpoint as at } from './small-checkpoint.fixture.ts';

const context = { seconds: 0, logBytes: 0 };

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
