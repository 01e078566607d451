import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { neurodexClient } from '../packages/neurodex/src/server/client.ts';
import { circle, makeIndex } from '../packages/neurodex/src/server/served.fixture.ts';

/** `neurodex serve` as an operator sees it: a process, its words, its signals and its exit status. */
const bin = fileURLToPath(new URL('../packages/neurodex/bin/neurodex.js', import.meta.url));
let root = '';
let index = '';
const children: ChildProcess[] = [];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'neurodex-serve-'));
  index = await makeIndex(root, 'shapes');
}, 60_000);
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

interface Running {
  readonly child: ChildProcess;
  /** Where it listens; undefined when it ended first. */
  readonly address: Promise<string | undefined>;
  readonly ended: Promise<{ status: number | null; stdout: string; stderr: string }>;
}

function serve(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, [bin, 'serve', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  children.push(child);
  let [stdout, stderr] = ['', ''];
  const ended = new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) =>
    child.on('close', (status) => resolve({ status, stdout, stderr })),
  );
  child.stdout?.on('data', (data: Buffer) => {
    stdout += data.toString();
  });
  const listening = new Promise<string>((resolve) => {
    child.stderr?.on('data', (data: Buffer) => {
      stderr += data.toString();
      const [address] = /http:\/\/[^\s"]+/.exec(stderr) ?? [];
      if (address !== undefined) resolve(address);
    });
  });
  return { child, ended, address: Promise.race([listening, ended.then(() => undefined)]) };
}

describe('neurodex serve', () => {
  it('serves until it is told to stop, then ends with status 0', async () => {
    const { child, address, ended } = serve([index, '--port', '0', '--json']);
    const client = neurodexClient({ server: (await address) as string });
    expect(await client.ready()).toEqual({ status: 'ready', indexes: 1 });
    const found = await client.search(new Uint8Array(await circle(1, 3)), { k: 2 });
    expect(found.results.map(({ answers }) => answers.length)).toEqual([2, 2]);
    child.kill('SIGTERM');
    const { status, stdout, stderr } = await ended;
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ address: await address, requests: 2 });
    for (const line of stderr.trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
  });

  it('in several processes shares the port, the measures and the metrics', async () => {
    const { child, address, ended } = serve([index, '--port', '0', '--workers', '2'], { NEURODEX_TOKEN: 'secret' });
    const server = (await address) as string;
    const client = neurodexClient({ server, token: 'secret' });
    for (let i = 0; i < 10; i++) expect(await client.indexes()).toHaveLength(1);
    await expect(neurodexClient({ server }).indexes()).rejects.toMatchObject({ status: 401 });
    const report = await client.measured('shapes');
    // Whichever process answers, it was measured once.
    for (let i = 0; i < 4; i++) expect(await client.report('shapes')).toEqual(report);
    const metrics = await (await client.bytes('/metrics')).text();
    expect(metrics).toContain('neurodex_http_requests_total{route="listIndexes",method="GET",status="200"} 10');
    child.kill('SIGTERM');
    const { status, stdout } = await ended;
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\d+ requests in \d+ s\n$/);
  });

  it.skipIf(process.platform !== 'linux')(
    'replaces processes that end, however early, and says why it ends itself when none stays alive',
    async () => {
      const moving = await makeIndex(root, 'moving');
      const { child, address, ended } = serve([moving, '--port', '0', '--workers', '2']);
      const client = neurodexClient({ server: (await address) as string });
      const workers = (): number[] =>
        readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')
          .trim()
          .split(' ')
          .filter(Boolean)
          .map(Number);
      const first = workers();
      expect(first).toHaveLength(2);
      for (const pid of first) process.kill(pid, 'SIGKILL');
      // Others listen at the same address.
      await vi.waitFor(
        async () => {
          expect(await client.ready()).toMatchObject({ status: 'ready' });
          expect(workers()).toHaveLength(2);
        },
        { timeout: 90_000, interval: 100 },
      );
      expect(workers().filter((pid) => first.includes(pid))).toEqual([]);
      expect((await client.search({ picture: 'moving.0' }, { k: 1 })).results).toHaveLength(2);
      renameSync(moving, `${moving} away`);
      for (const pid of workers()) process.kill(pid, 'SIGKILL');
      const { status, stderr } = await ended;
      expect(status).toBe(1);
      expect(stderr).toMatch(/a process of the server ended: it ended with SIGKILL; another one takes its place/);
      expect(stderr).toMatch(/error: no process of the server stays alive: .*moving.* is not an index/);
      expect(stderr).not.toMatch(/\n {4}at /);
    },
    240_000,
  );

  it('says why it cannot', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const failing = [
      serve([index, '--port', String(port)]),
      serve([index, '--port', String(port), '--workers', '2']),
      serve([join(root, 'nothing')]),
      serve([index, '--host', '0.0.0.0', '--port', '0']),
    ];
    const ends = await Promise.all(failing.map(({ ended }) => ended));
    expect(ends.map(({ status }) => status)).toEqual([1, 1, 1, 2]);
    for (const { stderr } of ends.slice(0, 2))
      expect(stderr).toContain(`127.0.0.1:${port}: another program listens there`);
    expect(ends[2]?.stderr).toContain('is not an index');
    expect(ends[3]?.stderr).toMatch(/it has no token\nhint: .*--no-token/);
    for (const { stdout, stderr } of ends) {
      expect(stdout).toBe('');
      expect(stderr).not.toMatch(/\n {4}at /);
    }
    await new Promise((resolve) => taken.close(resolve));
  });

  it('on an address that others reach serves those who have the token, or everybody where that is said', async () => {
    const { child, address, ended } = serve([index, '--host', '0.0.0.0', '--port', '0', '--no-token']);
    const { port } = new URL((await address) as string);
    expect((await fetch(`http://127.0.0.1:${port}/v1/indexes`)).status).toBe(200);
    child.kill('SIGINT');
    expect((await ended).status).toBe(0);
  });

  it('ends when it is told to while it still loads', async () => {
    const { child, ended } = serve([index, '--port', '0']);
    await pause(150);
    child.kill('SIGTERM');
    const { stderr } = await ended;
    expect(stderr).not.toMatch(/internal error|\n {4}at /);
  });
});
