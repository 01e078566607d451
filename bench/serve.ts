import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { mapValues } from '@neurodex/core';
import { queriesOf } from '../packages/neurodex/src/evaluation/queries.ts';
import { openIndex } from '../packages/neurodex/src/systems/open-index.ts';
import type { Benchmark, Outcome } from './benchmark.ts';
import { type DecodingSettings, startDecoding } from './decoding-sides.ts';
import { randomIndex } from './random-index.ts';
import { start } from './serve-load.ts';
import { outcomeOf } from './serve-outcome.ts';
import {
  encoderSide,
  encoderTurn,
  oneProcessTurn,
  PROCESSES,
  perCoreTurns,
  serverTurns,
  type Turn,
  type Turned,
  type Turns,
  WAITING,
} from './serve-sides.ts';
import { ANSWERS, UPLOADS, uploadsOf } from './serve-uploads.ts';
import { interleave } from './statistics.ts';
import { steadyLoad } from './steady-load.ts';

export const benchmark: Benchmark = {
  name: 'serve',
  description: 'searches per second over HTTP, one process and one per core, beside decoding and encoding without HTTP',
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
      const queries = Math.ceil((UPLOADS * 50) / 49) + 1;
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
  const stops: (() => unknown)[] = [];
  const index = await openIndex(folder, nodeRuntime());
  stops.push(() => index.close());
  try {
    const turns: Turns = {
      ...(await encoderTurns(folder, seconds, stops)),
      ...(await decodingTurns(folder, seconds, stops)),
      ...(await allServerTurns(folder, await uploadsOf(index), seconds, stops)),
    };
    const turned = mapValues(turns, (): Turned[] => []);
    const sides = mapValues(turns, (turn: Turn, side) => async () => {
      const result = await turn();
      turned[side]?.push(result);
      return result.rate;
    });
    const summaries = await interleave(sides, rounds, (side, round, value) =>
      log(`round ${round}, ${side}: ${value.toFixed(1)} queries a second`),
    );
    return outcomeOf(summaries, turned, index.store.catalogue.length);
  } finally {
    for (const stop of stops) await stop();
  }
}

/** Full batches through the network of this process. @param stops gets what ends that it starts */
async function encoderTurns(folder: string, seconds: number, stops: (() => unknown)[]): Promise<Turns> {
  const turns: Record<string, Turn> = {};
  for (const waiting of ['spin', 'sleep'] as const) {
    const index = await openIndex(folder, nodeRuntime({ spinning: WAITING[waiting] }));
    stops.push(() => index.close());
    const queries = queriesOf(index.store, 'test').slice(0, UPLOADS);
    turns[encoderSide(waiting)] = await encoderTurn(await index.system('dsi'), queries, seconds);
  }
  return turns;
}

/** All that searches over HTTP do, without HTTP. @param stops gets what ends the processes that it starts */
async function decodingTurns(folder: string, seconds: number, stops: (() => unknown)[]): Promise<Turns> {
  const started = async (settings: DecodingSettings) => {
    const processes = await startDecoding(folder, settings);
    stops.push(() => processes.stop());
    return processes;
  };
  const cores = availableParallelism();
  // One after the other: loading takes all cores.
  const perCore = await started({ processes: cores, threads: 1, spinning: false });
  const spinning = await started({ processes: 1, threads: cores, spinning: true });
  const sleeping = await started({ processes: 1, threads: cores, spinning: false });
  return {
    ...perCoreTurns(perCore, seconds),
    ...oneProcessTurn(spinning, 'spin', seconds),
    ...oneProcessTurn(sleeping, 'sleep', seconds),
  };
}

async function allServerTurns(
  folder: string,
  pictures: readonly Buffer[],
  seconds: number,
  stops: (() => unknown)[],
): Promise<Turns> {
  const turns: Record<string, Turn> = {};
  for (const [name, workers] of Object.entries(PROCESSES)) {
    const server = await start(folder, workers);
    stops.push(() => server.stop());
    // The first requests are slower: nothing is compiled yet.
    await steadyLoad(server, 64, 1, { pictures, k: ANSWERS });
    Object.assign(turns, serverTurns(name, server, pictures, seconds));
  }
  return turns;
}
