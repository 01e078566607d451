import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../packages/neurodex/bin/neurodex.js', import.meta.url));
const HAPROXY_FILE = fileURLToPath(new URL('../deploy/haproxy.cfg', import.meta.url));

/** Whether HAProxy is installed. @throws Error where it is not and `NEURODEX_REQUIRE_HAPROXY` is 1 */
export function hasHaproxy(environment: NodeJS.ProcessEnv = process.env): boolean {
  const isThere = spawnSync('haproxy', ['-v'], { stdio: 'ignore' }).status === 0;
  if (!isThere && environment.NEURODEX_REQUIRE_HAPROXY === '1') throw new Error('haproxy is not installed');
  return isThere;
}

/** Two servers of one index, and HAProxy in front of them as deploy/ has it. */
export interface Replicas {
  readonly address: string;
  /** Ends one of them with SIGKILL. */
  kill(replica: 0 | 1): Promise<void>;
  stop(): Promise<void>;
}

export async function startReplicas(index: string): Promise<Replicas> {
  const servers = [await startServer(index), await startServer(index)] as const;
  const front = `127.0.0.1:${await freePort()}`;
  const environment = { FRONT: front, REPLICA_1: servers[0].place, REPLICA_2: servers[1].place };
  const proxy = spawn('haproxy', ['-db', '-f', HAPROXY_FILE], {
    env: { ...process.env, ...environment },
    stdio: 'ignore',
  });
  await answers(`http://${front}/readyz`);
  return {
    address: `http://${front}`,
    kill: (replica) => end(servers[replica].child, 'SIGKILL'),
    async stop() {
      await end(proxy, 'SIGKILL');
      for (const { child } of servers) await end(child, 'SIGKILL');
    },
  };
}

async function startServer(index: string): Promise<{ readonly child: ChildProcess; readonly place: string }> {
  const child = spawn(process.execPath, [BIN, 'serve', index, '--port', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  for await (const line of createInterface(child.stderr)) {
    const [, place] = /http:\/\/(127\.0\.0\.1:\d+)/.exec(line) ?? [];
    if (place === undefined) continue;
    child.stderr.resume();
    return { child, place };
  }
  throw new Error('the server did not start');
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

async function answers(address: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const isReady = await fetch(address).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await setTimeout(100);
  }
  throw new Error(`${address} does not answer`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** What became of requests over some connections. */
export interface Traffic {
  readonly requests: number;
  readonly failed: number;
  /** Requests that failed and were begun more than so many milliseconds after the kill. */
  readonly failedLate: number;
}

/** After a kill, connections that were on their way may still fail. */
const SETTLED = 1000;

/**
 * Searches over so many connections for some time, each request when the one before was answered; in the middle a replica is killed.
 * @param request sends one search @param seconds before the kill, and as many after it
 */
export async function killUnderLoad(
  replicas: Replicas,
  { connections, seconds, request }: { connections: number; seconds: number; request: () => Promise<boolean> },
): Promise<Traffic> {
  let isOver = false;
  let killedAt = Number.POSITIVE_INFINITY;
  let [requests, failed, failedLate] = [0, 0, 0];
  const client = async (): Promise<void> => {
    while (!isOver) {
      const began = performance.now();
      const isAnswered = await request().catch(() => false);
      requests++;
      if (isAnswered) continue;
      failed++;
      if (began > killedAt + SETTLED) failedLate++;
    }
  };
  const clients = Array.from({ length: connections }, client);
  await setTimeout(1000 * seconds);
  killedAt = performance.now();
  await replicas.kill(0);
  await setTimeout(1000 * seconds);
  isOver = true;
  await Promise.all(clients);
  return { requests, failed, failedLate };
}
