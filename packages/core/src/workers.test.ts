import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeFlags, spawnProcess, spawnWorker, workerFile } from './workers.ts';

const COMPILED = `import { parentPort, workerData } from 'node:worker_threads';
const told = { data: workerData, flags: process.execArgv.length };
if (parentPort === null) process.send(told, () => process.disconnect());
else parentPort.postMessage(told);`;

let folder = '';
let compiled: URL;
const source = workerFile('./workers.fixture.ts', import.meta.url);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-workers-'));
  await writeFile(join(folder, 'compiled.mjs'), COMPILED);
  compiled = pathToFileURL(join(folder, 'compiled.mjs'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the file of a worker', () => {
  it('is the source beside a source, and the compiled file beside a compiled one', () => {
    expect(workerFile('./thread.ts', 'file:///p/src/server/ranker.ts').href).toBe('file:///p/src/server/thread.ts');
    expect(workerFile('./thread.ts', 'file:///p/dist/server/ranker.js').href).toBe('file:///p/dist/server/thread.js');
  });

  it('needs flags only where it is a source', () => {
    expect(nodeFlags(compiled)).toEqual([]);
    expect(nodeFlags(source)[0]).toBe('--import');
  });
});

describe.each([
  ['a source', () => source],
  ['a compiled file', () => compiled],
] as const)('%s', (_, file) => {
  it('runs as a thread, with its data and without flags', async () => {
    const thread = spawnWorker(file(), { workerData: 'rows' });
    const [[told]] = await Promise.all([once(thread, 'message'), once(thread, 'exit')]);
    expect(told).toEqual({ data: 'rows', flags: 0 });
  });

  it('runs as a process that answers', async () => {
    const child = spawnProcess(file());
    const [[told], [status]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
    expect(told).toMatchObject({ flags: nodeFlags(file()).length });
    expect(status).toBe(0);
  });

  it('is held to the limits of its thread', async () => {
    const thread = spawnWorker(file(), { resourceLimits: { maxOldGenerationSizeMb: 64 } });
    expect(thread.resourceLimits).toMatchObject({ maxOldGenerationSizeMb: 64 });
    await once(thread, 'exit');
  });
});

it('a thread whose file is not there ends with an error', async () => {
  for (const file of [new URL('./absent.ts', import.meta.url), new URL('absent.mjs', compiled)]) {
    const [error] = await once(spawnWorker(file), 'error');
    expect(error).toMatchObject({ code: expect.stringMatching(/MODULE_NOT_FOUND/) });
  }
});
