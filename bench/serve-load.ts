import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { defined } from '@neurodex/core';
import autocannon from 'autocannon';

const PROGRAM = fileURLToPath(new URL('../packages/neurodex/bin/neurodex.js', import.meta.url));

export interface Server {
  readonly address: string;
  /** Of the process that was started; those of several are its children. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** `neurodex serve` in a process of its own, or in several that share a port. */
export async function start(index: string, workers: number, flags: readonly string[] = []): Promise<Server> {
  const args = [PROGRAM, 'serve', index, '--port', '0', '--workers', String(workers), ...flags];
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const { pid } = child;
  if (child.stderr === null || pid === undefined) throw new Error('the server could not be started');
  for await (const line of createInterface(child.stderr)) {
    const [address] = /http:\/\/\S+/.exec(line) ?? [];
    if (address === undefined) continue;
    child.stderr.resume();
    return {
      address,
      pid,
      async stop() {
        child.kill('SIGTERM');
        await ended;
      },
    };
  }
  throw new Error('the server did not start');
}

export interface Load {
  /** Answers per second. */
  readonly rate: number;
  /** Milliseconds that half of the searches took at most, and 99 of 100. */
  readonly p50: number;
  readonly p99: number;
  /** Requests without an answer, or with another one than 200. */
  readonly failed: number;
}

/**
 * Searches over a number of connections, each sending the next when it has its answer.
 * @param lenient counts failures in place of throwing at the end
 */
export async function load(
  { address }: Server,
  connections: number,
  seconds: number,
  pictures: readonly Buffer[],
  { lenient = false }: { readonly lenient?: boolean } = {},
): Promise<Load> {
  let next = 0;
  const result = await autocannon({
    url: `${address}/v1/search?system=dsi&k=10`,
    connections,
    duration: seconds,
    requests: [
      {
        method: 'POST',
        headers: { 'content-type': 'image/png' },
        setupRequest: (request) => ({ ...request, body: defined(pictures[next++ % pictures.length], 'a picture') }),
      },
    ],
  });
  const failed = result.non2xx + result.errors + result.timeouts;
  if (failed > 0 && !lenient) {
    throw new Error(`${result.non2xx} refusals, ${result.errors} errors, ${result.timeouts} timeouts`);
  }
  return { rate: result['2xx'] / result.duration, p50: result.latency.p50, p99: result.latency.p99, failed };
}
