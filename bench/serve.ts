import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { nodeRuntime } from '@neurodex/autograd/node';
import autocannon from 'autocannon';
import { readThumbnails } from '../packages/neurodex/src/artifact/catalogue-store.ts';
import { CATALOGUE_FOLDER } from '../packages/neurodex/src/artifact/manifest.ts';
import { queriesOf } from '../packages/neurodex/src/evaluation/queries.ts';
import type { System } from '../packages/neurodex/src/query/system.ts';
import { openIndex } from '../packages/neurodex/src/systems/open-index.ts';
import { atLeast, type Benchmark, ratio, type Side } from './benchmark.ts';
import { randomIndex } from './random-index.ts';
import { interleave, median } from './statistics.ts';

const PROGRAM = fileURLToPath(new URL('../packages/neurodex/bin/neurodex.js', import.meta.url));
const CONNECTIONS = [1, 8, 64] as const;
const BATCH = 32;
const QUERIES = 256;
const SPINNING = 'encoder alone';
const SLEEPING = 'encoder alone, threads that sleep';

interface Server {
  readonly address: string;
  stop(): Promise<void>;
}

/** `neurodex serve` in a process of its own, or in several that share a port. */
async function start(index: string, workers: number): Promise<Server> {
  const args = [PROGRAM, 'serve', index, '--port', '0', '--workers', String(workers)];
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  if (child.stderr === null) throw new Error('the server has no standard error');
  for await (const line of createInterface(child.stderr)) {
    const [address] = /http:\/\/\S+/.exec(line) ?? [];
    if (address === undefined) continue;
    child.stderr.resume();
    return {
      address,
      async stop() {
        child.kill('SIGTERM');
        await ended;
      },
    };
  }
  throw new Error('the server did not start');
}

interface Load {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
}

/** Searches over a number of connections, each sending the next when it has its answer. */
async function load(address: string, connections: number, seconds: number, pictures: readonly Buffer[]): Promise<Load> {
  let next = 0;
  const result = await autocannon({
    url: `${address}/v1/search?system=dsi&k=10`,
    connections,
    duration: seconds,
    requests: [
      {
        method: 'POST',
        headers: { 'content-type': 'image/png' },
        setupRequest: (request) => ({ ...request, body: pictures[next++ % pictures.length] as Buffer }),
      },
    ],
  });
  if (result.non2xx + result.errors + result.timeouts > 0) {
    throw new Error(`${result.non2xx} refusals, ${result.errors} errors, ${result.timeouts} timeouts`);
  }
  return { rate: result['2xx'] / result.duration, p50: result.latency.p50, p99: result.latency.p99 };
}

export const benchmark: Benchmark = {
  name: 'serve',
  description: 'searches per second over HTTP, one process and one per core, beside those of the encoder alone',
  flags: {
    catalogue: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    index: { type: 'string' },
  },
  async run({ flags, log }) {
    const [catalogue, seconds, rounds] = [Number(flags.catalogue), Number(flags.seconds), Number(flags.rounds)];
    const folder = await mkdtemp(join(tmpdir(), 'neurodex-bench-'));
    const servers: Server[] = [];
    try {
      const made = flags.index === undefined;
      const out = made ? join(folder, 'index') : String(flags.index);
      if (made) {
        log('making an index of random pictures, trained for a single step');
        await randomIndex(out, { catalogue, queries: Math.ceil((QUERIES * 50) / 49) + 1, systems: ['dsi'] });
      }
      const index = await openIndex(out, nodeRuntime());
      const queries = queriesOf(index.store, 'test').slice(0, QUERIES);
      const rows = index.store.rows.filter(({ role }) => role === 'test').map(({ row }) => row);
      const pictures = (await readThumbnails(join(out, CATALOGUE_FOLDER), rows.slice(0, QUERIES))).map((png) =>
        Buffer.from(png),
      );

      /** Queries per second of full batches, one after another. */
      const encoder = (system: System) => async (): Promise<number> => {
        const start = performance.now();
        let done = 0;
        while (performance.now() - start < 1000 * seconds) {
          const from = done % (queries.length - BATCH + 1);
          await system.rank(queries.slice(from, from + BATCH), 10);
          done += BATCH;
        }
        return (1000 * done) / (performance.now() - start);
      };
      // Threads that spin are quicker on a machine that does nothing else, and slower on one that does: the better one counts.
      const sleeping = await openIndex(out, nodeRuntime({ spinning: false }));
      const encoders: Record<string, () => Promise<number>> = {};
      for (const [name, opened] of [
        [SPINNING, index],
        [SLEEPING, sleeping],
      ] as const) {
        const system = await opened.system('dsi');
        await system.rank(queries.slice(0, BATCH), 10);
        encoders[name] = encoder(system);
      }

      const cores = availableParallelism();
      const processes = { 'one process': 1, 'one per core': cores } as const;
      const latencies: Record<string, { p50: number[]; p99: number[] }> = {};
      const sides: Record<string, () => Promise<number>> = { ...encoders };
      for (const [name, workers] of Object.entries(processes)) {
        const server = await start(out, workers);
        servers.push(server);
        await load(server.address, 64, 1, pictures);
        for (const connections of CONNECTIONS) {
          const side = `${name}, ${connections}`;
          latencies[side] = { p50: [], p99: [] };
          sides[side] = async () => {
            const { rate, p50, p99 } = await load(server.address, connections, seconds, pictures);
            latencies[side]?.p50.push(p50);
            latencies[side]?.p99.push(p99);
            return rate;
          };
        }
      }
      const summaries = await interleave(sides, rounds, (side, round, value) =>
        log(`round ${round}, ${side}: ${value.toFixed(1)} queries a second`),
      );
      await index.close();
      await sleeping.close();

      const metrics: Record<string, Side> = {};
      for (const [side, { median: rate, all }] of Object.entries(summaries)) {
        const times = latencies[side];
        metrics[side] =
          times === undefined
            ? { queriesPerSecond: rate, all, batch: BATCH, catalogue: index.trie.leafCount }
            : { queriesPerSecond: rate, all, p50Milliseconds: median(times.p50), p99Milliseconds: median(times.p99) };
      }
      const best = (name: string): number =>
        Math.max(...CONNECTIONS.map((connections) => summaries[`${name}, ${connections}`]?.median ?? 0));
      const alone = Math.max(...[SPINNING, SLEEPING].map((name) => summaries[name]?.median ?? 0));
      const ratios = Object.fromEntries(
        Object.keys(processes).map((name) => [`${name} / encoder alone`, ratio(best(name), alone)]),
      );
      const kept = ratio(Math.max(...Object.keys(processes).map(best)), alone);
      return { sides: metrics, ratios, targets: [atLeast('share of the encoder that the server keeps', kept, 0.85)] };
    } finally {
      for (const server of servers) await server.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};
