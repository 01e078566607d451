import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findPython, PYTORCH } from './python.ts';
import { type PyTorch, startPyTorch } from './pytorch.ts';

const script = fileURLToPath(new URL('fixtures/fake_pytorch.mjs', import.meta.url));
const start = (mode: string, log: string[] = []): Promise<PyTorch> =>
  startPyTorch({
    executable: process.execPath,
    arguments: [script, mode],
    log: (line) => void log.push(line),
    graceMilliseconds: 200,
  });

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('requests are answered in order, also when asked at once, and an error leaves the process usable', async () => {
  const pytorch = await start('well');
  expect(pytorch.description).toEqual({ torch: '0.0', threads: 2, variants: ['eager'], parameters: 7 });
  const [peak, one, two] = await Promise.all([
    pytorch.peak(),
    pytorch.steps({ variant: 'eager', dropout: 0, steps: 1 }),
    pytorch.steps({ variant: 'eager', dropout: 0, steps: 2 }),
  ]);
  expect(peak).toBe(12.5);
  expect(one.seconds_per_step).toBe(0.1);
  expect(two.seconds_per_step).toBe(0.2);
  await expect(pytorch.steps({ variant: 'lazy', dropout: 0, steps: 1 })).rejects.toThrow('unknown variant lazy');
  expect((await pytorch.prepare([0])).fastest).toEqual([{ dropout: 0, variant: 'eager' }]);
  await pytorch.close();
  await expect(pytorch.peak()).rejects.toThrow('gave no answer');
});

test('a process that dies is reported with its status and its last words', async () => {
  const log: string[] = [];
  await expect(start('dies', log)).rejects.toThrow(/ended with 3\n {2}ImportError: no module named torch/);
  expect(log).toEqual(['ImportError: no module named torch']);
  const pytorch = await start('quits');
  await expect(pytorch.peak()).rejects.toThrow('ended with 4');
  await pytorch.close();
});

test('what is not an answer is shown, and the process is ended', async () => {
  await expect(start('chatter')).rejects.toThrow('not an answer of bench/train_step.py: hello');
});

test('a process that ignores the end of its input is killed', async () => {
  const pytorch = await start('deaf');
  const begun = performance.now();
  await pytorch.close();
  expect(performance.now() - begun).toBeLessThan(4_000);
});

test('a program that does not exist is named', async () => {
  await expect(startPyTorch({ executable: join(folder, 'nothing') })).rejects.toThrow('ENOENT');
});

test('without PyTorch it is said how to install it', async () => {
  const none = await findPython(PYTORCH, {}, join(folder, '.venv'));
  expect(none).toEqual({ missing: expect.stringContaining('-r bench/requirements.txt') });
  const wrong = await findPython(PYTORCH, { NEURODEX_BENCH_PYTHON: join(folder, 'python') }, join(folder, '.venv'));
  expect(wrong).toEqual({ missing: expect.stringMatching(/NEURODEX_BENCH_PYTHON.*cannot import torch/) });
});

test.skipIf(process.platform === 'win32')('the named Python goes before the virtual environment', async () => {
  const program = async (path: string, version: string): Promise<string> => {
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
    return path;
  };
  const own = await program(join(folder, '.venv/bin/python'), '1.0');
  const named = await program(join(folder, 'named/python'), '2.0');
  expect(await findPython(PYTORCH, {}, join(folder, '.venv'))).toEqual({ executable: own, version: '1.0' });
  expect(await findPython(PYTORCH, { NEURODEX_BENCH_PYTHON: named }, join(folder, '.venv'))).toEqual({
    executable: named,
    version: '2.0',
  });
});
