import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunHistory } from '@neurodex/tracking';
import sharp from 'sharp';
import { describe, expect, it, vi } from 'vitest';

const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8');

describe('train-xor', () => {
  it('learns the exclusive or', async () => {
    const print = vi.spyOn(console, 'log').mockImplementation(() => {});
    try {
      await import('./train-xor.ts');
      const printed = print.mock.calls.map(([line]) => line as { step: number; loss: number });
      expect(printed.map(({ step }) => step)).toEqual([50, 100, 150, 200]);
      const losses = printed.map(({ loss }) => loss);
      // What the README promises.
      expect(losses[0]?.toFixed(3)).toBe('0.007');
      expect(losses[2]).toBeLessThan(1e-5);
      expect(losses).toEqual([...losses].sort((a, b) => b - a));
    } finally {
      print.mockRestore();
    }
  });
});

describe('read-folder', () => {
  it('prints the first pictures of a folder, their classes and how many numbers the model sees', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'neurodex-example-'));
    const args = process.argv;
    const print = vi.spyOn(console, 'log').mockImplementation(() => {});
    try {
      for (const label of ['cat', 'dog']) {
        await mkdir(join(folder, label));
        const create = { width: 30, height: 20, channels: 3, background: '#123' } as const;
        await sharp({ create })
          .png()
          .toFile(join(folder, label, 'a.png'));
      }
      process.argv = [...args.slice(0, 2), folder];
      await import('./read-folder.ts');
      expect(print.mock.calls).toEqual([
        ['cat/a.png', 'cat', 64 * 64 * 3],
        ['dog/a.png', 'dog', 64 * 64 * 3],
      ]);
    } finally {
      process.argv = args;
      print.mockRestore();
      await rm(folder, { recursive: true });
    }
  });
});

describe('track-run', () => {
  it('writes a run log that reads back, and events for TensorBoard beside it', async () => {
    const print = vi.spyOn(console, 'log').mockImplementation(() => {});
    try {
      await import('./track-run.ts');
      const [folder, history] = print.mock.calls[0] as [string, RunHistory];
      expect(history.validations.map(({ metrics }) => metrics.loss)).toEqual([1, 1 / 2, 1 / 3]);
      const files = await readdir(folder, { recursive: true });
      expect(files.filter((file) => file.includes('tfevents'))).toHaveLength(1);
      await rm(folder, { recursive: true });
    } finally {
      print.mockRestore();
    }
  });
});

describe('store-objects', () => {
  it('prints an object by its digest, and a record that counts', async () => {
    const print = vi.spyOn(console, 'log').mockImplementation(() => {});
    const args = process.argv;
    try {
      process.argv = args.slice(0, 2);
      await import('./store-objects.ts');
      const key = 'objects/1d913be3de2de3e750df483b21e40dc63f6a31bed5b3419ff7cac906ca573186';
      expect(print.mock.calls).toEqual([
        [key, 'red blue green'],
        [key, 14],
        ['records/runs', 1],
      ]);
    } finally {
      process.argv = args;
      print.mockRestore();
    }
  });
});

it.each([
  ['autograd', 'train-xor'],
  ['datasets', 'read-folder'],
  ['tracking', 'track-run'],
  ['objects', 'store-objects'],
])('the README of %s shows %s.ts', async (name, example) => {
  const readme = await read(`../packages/${name}/README.md`);
  const [block] = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);
  expect(block).toBe(await read(`./${example}.ts`));
});
