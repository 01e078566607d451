import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { readThumbnails } from '../packages/neurodex/src/artifact/catalogue-store.ts';
import { CATALOGUE_FOLDER } from '../packages/neurodex/src/artifact/manifest.ts';
import { queriesOf } from '../packages/neurodex/src/evaluation/queries.ts';
import type { Query } from '../packages/neurodex/src/query/query.ts';
import type { System } from '../packages/neurodex/src/query/system.ts';
import { openIndex } from '../packages/neurodex/src/systems/open-index.ts';
import { atLeast, type Benchmark, type Outcome, ratio, type Side } from './benchmark.ts';
import { randomIndex } from './random-index.ts';
import { load, type Server, start } from './serve-load.ts';
import { interleave, median, type Summary } from './statistics.ts';

const CONNECTIONS = [1, 8, 64] as const;
const BATCH = 32;
const QUERIES = 256;
/** Threads that spin are quicker on a machine that does nothing else, and slower on one that does: the better one counts. */
const [SPINNING, SLEEPING] = ['encoder alone', 'encoder alone, threads that sleep'] as const;
const PROCESSES = { 'one process': 1, 'one per core': availableParallelism() } as const;

/** Measures queries per second. */
type Turn = () => Promise<number>;
/** Of every round, in milliseconds. */
interface Latency {
  readonly p50: number[];
  readonly p99: number[];
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
    const folder = await mkdtemp(join(tmpdir(), 'neurodex-bench-'));
    try {
      if (flags.index !== undefined) return await compare(String(flags.index), flags, log);
      log('making an index of random pictures, trained for a single step');
      const index = join(folder, 'index');
      const queries = Math.ceil((QUERIES * 50) / 49) + 1;
      await randomIndex(index, { catalogue: Number(flags.catalogue), queries, systems: ['dsi'] });
      return await compare(index, flags, log);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function compare(
  folder: string,
  flags: Readonly<Record<string, unknown>>,
  log: (message: string) => void,
): Promise<Outcome> {
  const [seconds, rounds] = [Number(flags.seconds), Number(flags.rounds)];
  const index = await openIndex(folder, nodeRuntime());
  const sleeping = await openIndex(folder, nodeRuntime({ spinning: false }));
  const queries = queriesOf(index.store, 'test').slice(0, QUERIES);
  const rows = index.store.queries('test').map(({ row }) => row);
  const thumbnails = await readThumbnails(join(folder, CATALOGUE_FOLDER), rows.slice(0, QUERIES));
  const pictures = thumbnails.map((png) => Buffer.from(png));
  const servers: Server[] = [];
  try {
    const sides: Record<string, Turn> = {
      [SPINNING]: await encoderTurn(await index.system('dsi'), queries, seconds),
      [SLEEPING]: await encoderTurn(await sleeping.system('dsi'), queries, seconds),
    };
    const latencies: Record<string, Latency> = {};
    for (const [name, workers] of Object.entries(PROCESSES)) {
      const server = await start(folder, workers);
      servers.push(server);
      await load(server, 64, 1, pictures);
      for (const connections of CONNECTIONS) {
        const latency: Latency = { p50: [], p99: [] };
        latencies[`${name}, ${connections}`] = latency;
        sides[`${name}, ${connections}`] = async () => {
          const { rate, p50, p99 } = await load(server, connections, seconds, pictures);
          latency.p50.push(p50);
          latency.p99.push(p99);
          return rate;
        };
      }
    }
    const summaries = await interleave(sides, rounds, (side, round, value) =>
      log(`round ${round}, ${side}: ${value.toFixed(1)} queries a second`),
    );
    return outcomeOf(summaries, latencies, index.store.catalogue.length);
  } finally {
    for (const server of servers) await server.stop();
    await index.close();
    await sleeping.close();
  }
}

/** Queries per second of full batches, one after another. */
async function encoderTurn(system: System, queries: readonly Query[], seconds: number): Promise<Turn> {
  await system.rank(queries.slice(0, BATCH), 10);
  return async () => {
    const start = performance.now();
    let done = 0;
    while (performance.now() - start < 1000 * seconds) {
      const from = done % (queries.length - BATCH + 1);
      await system.rank(queries.slice(from, from + BATCH), 10);
      done += BATCH;
    }
    return (1000 * done) / (performance.now() - start);
  };
}

function outcomeOf(
  summaries: Readonly<Record<string, Summary>>,
  latencies: Readonly<Record<string, Latency>>,
  catalogue: number,
): Outcome {
  const sides: Record<string, Side> = {};
  for (const [side, { median: rate, all }] of Object.entries(summaries)) {
    const times = latencies[side];
    sides[side] =
      times === undefined
        ? { queriesPerSecond: rate, all, batch: BATCH, catalogue }
        : { queriesPerSecond: rate, all, p50Milliseconds: median(times.p50), p99Milliseconds: median(times.p99) };
  }
  const rateOf = (names: readonly string[]): number => Math.max(...names.map((name) => summaries[name]?.median ?? 0));
  const best = (name: string): number => rateOf(CONNECTIONS.map((connections) => `${name}, ${connections}`));
  const alone = rateOf([SPINNING, SLEEPING]);
  const processes = Object.keys(PROCESSES);
  const kept = ratio(Math.max(...processes.map(best)), alone);
  return {
    sides,
    ratios: Object.fromEntries(processes.map((name) => [`${name} / encoder alone`, ratio(best(name), alone)])),
    targets: [atLeast('share of the encoder that the server keeps', kept, 0.85)],
  };
}
