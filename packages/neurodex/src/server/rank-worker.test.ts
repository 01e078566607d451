import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { NeurodexError } from '@neurodex/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { threadRanker } from './thread-ranker.ts';

/** Threads that do as they are told by k: answer, end, or throw. Once k has been 4, none answers any more. */
const PROGRAM = `
import { existsSync, writeFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
const broken = workerData.folder + '/broken';
if (existsSync(broken)) throw new Error('the file is gone');
parentPort.on('message', ({ id, kind, k }) => {
  if (kind === 'close') return parentPort.postMessage({ id, kind: 'closed' });
  if (k === 2) process.exit(7);
  if (k === 3 && !existsSync(workerData.folder + '/once')) {
    writeFileSync(workerData.folder + '/once', '');
    throw new Error('out of memory');
  }
  if (k === 4) { writeFileSync(broken, ''); process.exit(8); }
  if (k === 5) return parentPort.postMessage({ id, kind: 'failed', error: new Error('x is damaged'), code: 'index-damaged' });
  const answers = { counts: Int32Array.of(1), rows: Int32Array.of(k), scores: Float64Array.of(0), nones: Float64Array.of(NaN) };
  parentPort.postMessage({ id, kind: 'ranked', answers });
});`;

let folder = '';
let program: URL;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-threads-'));
  await writeFile(join(folder, 'thread.mjs'), PROGRAM);
  program = pathToFileURL(join(folder, 'thread.mjs'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const query = { pixels: new Uint8Array(3), thumbnail: undefined, row: undefined };

describe('a thread that ranks', () => {
  it('is replaced when it ends, its search retried once, and given up when it keeps ending', async () => {
    const warnings: string[] = [];
    const gone: NeurodexError[] = [];
    const ranker = threadRanker({ folder, digest: '', device: 'cpu', threads: 1 }, (text) => warnings.push(text), {
      program,
      restarts: { pauses: [1, 2, 3], early: 1000 },
      onGone: (error) => gone.push(error),
    });
    const rank = async (k: number) => (await ranker.rank('pixels', [query], k))[0]?.answers[0]?.row;
    expect(await rank(1)).toBe(1);
    // A query that ends every thread is not sent to them for ever.
    await expect(rank(2)).rejects.toMatchObject({ code: 'interrupted', status: 503, retryAfter: 2 });
    expect(await rank(1)).toBe(1);
    // One that ended a thread by chance is answered by the next.
    expect(await rank(3)).toBe(3);
    expect(warnings).toHaveLength(3);
    expect(warnings[2]).toContain('out of memory');
    await expect(rank(5)).rejects.toMatchObject({
      name: 'NeurodexError',
      code: 'index-damaged',
      message: 'x is damaged',
    });
    expect(gone).toEqual([]);
    await expect(rank(4)).rejects.toMatchObject({ code: 'interrupted' });
    while (gone.length === 0) await expect(rank(1)).rejects.toMatchObject({ code: 'interrupted' });
    expect(gone).toHaveLength(1);
    expect(gone[0]).toMatchObject({ code: 'server-failed' });
    expect(gone[0]?.message).toContain('the file is gone');
    await ranker.close();
  });

  it('that never worked says why at once', async () => {
    const ranker = threadRanker({ folder, digest: '', device: 'cpu', threads: 1 }, () => {}, {
      program,
    });
    await expect(ranker.rank('pixels', [query], 1)).rejects.toThrow('the file is gone');
    await ranker.close();
  });
});
