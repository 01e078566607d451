import { availableParallelism } from 'node:os';
import type { Query } from '../packages/neurodex/src/query/query.ts';
import type { System } from '../packages/neurodex/src/query/system.ts';
import { DECODING_BATCHES, type DecodingProcesses } from './decoding-sides.ts';
import type { Server } from './serve-load.ts';
import { ANSWERS } from './serve-uploads.ts';
import { steadyLoad } from './steady-load.ts';

/** What a side gave in one turn: queries per second, and other figures by their names. */
export interface Turned {
  readonly rate: number;
  readonly figures: Readonly<Record<string, number>>;
}

export type Turn = () => Promise<Turned>;
export type Turns = Readonly<Record<string, Turn>>;

export const CONNECTIONS = [1, 8, 64] as const;
export const PROCESSES = { 'one process': 1, 'one per core': availableParallelism() } as const;
/** Threads that spin are quicker on a machine that does nothing else, and slower on one that does: the better one counts. */
export const WAITING = { spin: true, sleep: false } as const;
/** Queries of the encoder alone, and of one process that decodes. */
export const FULL_BATCH = 32;

export const encoderSide = (waiting: keyof typeof WAITING): string =>
  waiting === 'spin' ? 'encoder alone' : 'encoder alone, threads that sleep';
export const serverSide = (processes: string, connections: number): string => `${processes}, ${connections}`;
/** How the names of all sides begin that decode and encode without HTTP. */
export const DECODING = 'decoding and encoding';

/** Full batches, one after another. */
export async function encoderTurn(dsi: System, queries: readonly Query[], seconds: number): Promise<Turn> {
  await dsi.rank(queries.slice(0, FULL_BATCH), ANSWERS);
  return async () => {
    const [began, before] = [performance.now(), process.cpuUsage()];
    let done = 0;
    while (performance.now() - began < 1000 * seconds) {
      const from = done % (queries.length - FULL_BATCH + 1);
      await dsi.rank(queries.slice(from, from + FULL_BATCH), ANSWERS);
      done += FULL_BATCH;
    }
    const { user, system } = process.cpuUsage(before);
    const processorMilliseconds = (user + system) / 1000 / done;
    return { rate: (1000 * done) / (performance.now() - began), figures: { processorMilliseconds } };
  };
}

function decodingTurn(processes: DecodingProcesses, batch: number, seconds: number): Turn {
  return async () => {
    const { rate, queries, processorSeconds } = await processes.turn({ batch, seconds });
    return { rate, figures: { processorMilliseconds: (1000 * processorSeconds) / queries } };
  };
}

/** One process per core, each with one thread: these have nobody to wait for. */
export const perCoreTurns = (processes: DecodingProcesses, seconds: number): Turns =>
  Object.fromEntries(
    DECODING_BATCHES.map((batch) => [
      `${DECODING}, one per core, batches of ${batch}`,
      decodingTurn(processes, batch, seconds),
    ]),
  );

export const oneProcessTurn = (process: DecodingProcesses, waiting: keyof typeof WAITING, seconds: number): Turns => ({
  [`${DECODING}, one process, threads that ${waiting}`]: decodingTurn(process, FULL_BATCH, seconds),
});

/** A server at each number of connections. */
export const serverTurns = (processes: string, server: Server, pictures: readonly Buffer[], seconds: number): Turns =>
  Object.fromEntries(
    CONNECTIONS.map((connections) => [
      serverSide(processes, connections),
      async () => {
        const load = await steadyLoad(server, connections, seconds, { pictures, k: ANSWERS });
        const { answers, serverSeconds } = load;
        return {
          rate: load.rate,
          figures: {
            p50Milliseconds: load.p50,
            p99Milliseconds: load.p99,
            ...(serverSeconds === undefined ? {} : { processorMilliseconds: (1000 * serverSeconds) / answers }),
            clientProcessorMilliseconds: (1000 * load.clientSeconds) / answers,
          },
        };
      },
    ]),
  );
