import cluster, { type Worker } from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { NeurodexError } from '@neurodex/core';
import { nodeFlags, workerFile } from '@neurodex/core/workers';
import { AggregatorRegistry, type MetricObject } from 'prom-client';
import { requestCountIn } from './metrics.ts';
import type { RestartPolicy } from './restarts.ts';
import { checkAddress, type ServerOptions, type ServerSettings } from './start-server.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';
import { WorkerSlot } from './worker-slot.ts';

const WORKER = workerFile('./worker.ts', import.meta.url);
/** Milliseconds that a worker has to tell its metrics. */
const METRICS_TIME = 2000;
/** Seconds that a worker has to end once it has nothing to do. */
const PATIENCE = 10;

/** A server of several processes that share a port. */
export interface Workers {
  readonly address: string;
  /** Resolves, if ever, with why no process answers any more. */
  readonly failure: Promise<NeurodexError>;
  requests(): Promise<number>;
  stop(): Promise<void>;
}

/** @throws NeurodexError as `startServer`; `server-failed` when the first process keeps ending */
export async function startWorkers(options: ServerOptions, count: number, restarts?: RestartPolicy): Promise<Workers> {
  const { reports, reporter } = options;
  const { indexes, host, token, cors, allowHosts, basePath, limits, device, cores } = options;
  // One that is known from the beginning: a process that takes another's place has to be found where the address says.
  const port = await checkAddress(options);
  const settings = (): ServerSettings => ({
    ...{ indexes, port, host, token, cors, allowHosts, basePath, limits, device, cores },
  });
  cluster.setupPrimary({ exec: fileURLToPath(WORKER), args: [], execArgv: nodeFlags(WORKER), silent: false });
  const gathering = new Map<number, (metrics: MetricObject[]) => void>();
  const slots: WorkerSlot[] = [];
  let asked = 0;
  let answered = 0;
  const tell = (worker: Worker, message: ToWorker): void => {
    if (worker.isConnected()) worker.send(message);
  };

  const metricsOf = (worker: Worker): Promise<MetricObject[]> =>
    new Promise((resolve) => {
      const id = ++asked;
      const done = (metrics: MetricObject[]): void => {
        clearTimeout(late);
        gathering.delete(id);
        resolve(metrics);
      };
      const late = setTimeout(done, METRICS_TIME, []);
      gathering.set(id, done);
      tell(worker, { kind: 'metrics-wanted', id });
    });
  const listening = (): Worker[] => slots.flatMap(({ listening: worker }) => worker ?? []);
  const gather = () => Promise.all(listening().map(metricsOf));

  const hear = async (worker: Worker, message: FromWorker): Promise<void> => {
    if (message.kind === 'warning') reporter.warn(message.message);
    else if (message.kind === 'ask-report') {
      tell(worker, { kind: 'report', id: message.id, state: await reports.ask(message.index) });
    } else if (message.kind === 'ask-metrics') {
      const text = await AggregatorRegistry.aggregate(await gather()).metrics();
      tell(worker, { kind: 'all-metrics', id: message.id, text });
    } else if (message.kind === 'metrics') gathering.get(message.id)?.(message.metrics);
  };

  let settle: { readonly listens: (address: string) => void; readonly fails: (error: Error) => void } | undefined;
  let fail: (error: NeurodexError) => void = () => {};
  const failure = new Promise<NeurodexError>((resolve) => {
    fail = resolve;
  });
  const lost = (reason: Error, isGivenUp: boolean): void => {
    // What the first one finds wrong with the indexes or the address would be wrong for all.
    if (settle !== undefined && reason instanceof NeurodexError) settle.fails(reason);
    else if (isGivenUp && listening().length === 0) (settle?.fails ?? fail)(keptEnding(reason));
    else reporter.warn(`a process of the server ended: ${reason.message}; another one takes its place`);
  };
  /** Resolves once it listens, or is not expected to any more. */
  const add = (): Promise<void> =>
    new Promise((resolve) => {
      const slot = new WorkerSlot({
        settings,
        restarts,
        onListening(address) {
          settle?.listens(address);
          resolve();
        },
        onLost(reason, isGivenUp) {
          lost(reason, isGivenUp);
          if (isGivenUp) resolve();
        },
        onMessage: (worker, message) => {
          hear(worker, message).catch((error: unknown) => reporter.warn(`a message between processes: ${error}`));
        },
      });
      slots.push(slot);
      slot.start();
    });
  /** Resolves with the address once one listens. */
  const first = (): Promise<string> =>
    new Promise((resolve, reject) => {
      settle = { listens: resolve, fails: reject };
      void add();
    });

  const stop = async (): Promise<void> => {
    answered = requestCountIn(await gather());
    // Each breaks off itself what runs longer than it may.
    await Promise.all(slots.map((slot) => slot.stop(1000 * (limits.drainSeconds + PATIENCE))));
    await reports.close();
  };

  try {
    const address = await first();
    settle = undefined;
    await Promise.all(Array.from({ length: count - 1 }, add));
    return { address, failure, stop, requests: async () => answered };
  } catch (error) {
    for (const slot of slots) slot.kill();
    throw error;
  }
}

const keptEnding = (reason: Error): NeurodexError =>
  new NeurodexError('server-failed', `no process of the server stays alive: ${reason.message}`, {
    ...(reason instanceof NeurodexError && reason.hint !== undefined
      ? { hint: reason.hint }
      : { hint: 'see whether memory is short (fewer --workers need less), then start the server again' }),
    cause: reason,
  });
