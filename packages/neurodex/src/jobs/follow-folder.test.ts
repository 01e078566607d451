import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { NeurodexError, silentReporter } from '@neurodex/core';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { followFolder } from './follow-folder.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neurodex-follow-'));
  mkdirSync(join(folder, 'within'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('updates once at first, and again when a folder that has changed is quiet', async () => {
  const stop = new AbortController();
  const warned: string[] = [];
  let updates = 0;
  const following = followFolder({
    folder,
    reporter: { ...silentReporter, warn: (message) => warned.push(message) },
    signal: stop.signal,
    update: async () => {
      updates++;
      if (updates === 2) throw new NeurodexError('run-locked', 'it is in use', { hint: 'wait' });
    },
  });
  await vi.waitUntil(() => updates === 1, { timeout: 5000 });
  // The watch begins behind the first update.
  await setTimeout(300);
  for (let i = 0; i < 5; i++) {
    writeFileSync(join(folder, 'within', `${i}.png`), 'x');
    await setTimeout(50);
  }
  await vi.waitUntil(() => updates === 2, { timeout: 10_000 });
  rmSync(join(folder, 'within', '0.png'));
  await vi.waitUntil(() => updates === 3, { timeout: 10_000 });
  expect(warned).toEqual(['it is in use (wait)']);
  stop.abort();
  await following;
}, 30_000);

it('is refused where there is no folder, and ends with a fault of the program', async () => {
  const options = { reporter: silentReporter, signal: undefined, update: async () => {} };
  await expect(followFolder({ ...options, folder: join(folder, 'gone') })).rejects.toMatchObject({
    code: 'source-unusable',
  });
  const update = () => Promise.reject(new TypeError('a fault'));
  await expect(followFolder({ ...options, folder, update })).rejects.toThrow(TypeError);
});
