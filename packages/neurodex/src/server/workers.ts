import cluster, { type Worker } from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { AggregatorRegistry, type MetricObject } from 'prom-client';
import type { ErrorCode } from '../errors.ts';
import { type ErrorDetails, NeurodexError } from '../errors.ts';
import { requestCountIn } from './metrics.ts';
import type { ReportState } from './report-desk.ts';
import type { ServerOptions, ServerSettings } from './start-server.ts';

/** What a worker says to the process that started it. */
export type FromWorker =
  | { readonly kind: 'hello' }
  | { readonly kind: 'listening'; readonly address: string }
  | {
      readonly kind: 'failed';
      readonly code?: ErrorCode;
      readonly message: string;
      readonly hint?: string;
      readonly details?: ErrorDetails;
    }
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'ask-report'; readonly id: number; readonly index: string }
  | { readonly kind: 'ask-metrics'; readonly id: number }
  | { readonly kind: 'metrics'; readonly id: number; readonly metrics: MetricObject[] };

/** What it is told. */
export type ToWorker =
  | { readonly kind: 'start'; readonly settings: ServerSettings }
  | { readonly kind: 'stop' }
  | { readonly kind: 'report'; readonly id: number; readonly state: ReportState }
  | { readonly kind: 'all-metrics'; readonly id: number; readonly text: string }
  | { readonly kind: 'metrics-wanted'; readonly id: number };

/** The compiled worker, whether this file is compiled or a source that tests run. */
const WORKER = fileURLToPath(new URL('../../dist/server/worker.js', import.meta.url));
/** Milliseconds: a worker that ends sooner after its start would do so again. */
const TOO_SOON = 5000;
/** Milliseconds that a worker has to tell its metrics. */
const METRICS_TIME = 2000;

/** Seconds that a worker has to end once it has nothing to do. */
const PATIENCE = 10;

/** A server of several processes that share a port. */
export interface Workers {
  readonly address: string;
  requests(): Promise<number>;
  stop(): Promise<void>;
}

/** @throws NeurodexError as `startServer` */
export async function startWorkers(options: ServerOptions, count: number): Promise<Workers> {
  const { reports, reporter } = options;
  const { indexes, port, host, token, cors, allowHosts, limits, device, cores } = options;
  const settings: ServerSettings = { indexes, port, host, token, cors, allowHosts, limits, device, cores };
  cluster.setupPrimary({ exec: WORKER, args: [], execArgv: [], silent: false });
  const workers = new Set<Worker>();
  const gathering = new Map<number, (metrics: MetricObject[]) => void>();
  let stopping = false;
  let asked = 0;
  let answered = 0;
  const tell = (worker: Worker, message: ToWorker): void => {
    if (worker.isConnected()) worker.send(message);
  };

  const metricsOf = (worker: Worker): Promise<MetricObject[]> =>
    new Promise((resolve) => {
      const id = ++asked;
      const late = setTimeout(() => resolve([]), METRICS_TIME);
      gathering.set(id, (metrics) => {
        clearTimeout(late);
        gathering.delete(id);
        resolve(metrics);
      });
      tell(worker, { kind: 'metrics-wanted', id });
    });
  const gather = () => Promise.all([...workers].map(metricsOf));

  const hear = async (worker: Worker, message: FromWorker): Promise<void> => {
    if (message.kind === 'warning') reporter.warn(message.message);
    else if (message.kind === 'ask-report') {
      tell(worker, { kind: 'report', id: message.id, state: await reports.ask(message.index) });
    } else if (message.kind === 'ask-metrics') {
      const text = await AggregatorRegistry.aggregate(await gather()).metrics();
      tell(worker, { kind: 'all-metrics', id: message.id, text });
    } else if (message.kind === 'metrics') gathering.get(message.id)?.(message.metrics);
  };

  /** Resolves with the address once it listens. */
  const start = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const worker = cluster.fork();
      const begun = performance.now();
      workers.add(worker);
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'hello') tell(worker, { kind: 'start', settings });
        else if (message.kind === 'listening') resolve(message.address);
        else if (message.kind === 'failed') reject(failureOf(message));
        else void hear(worker, message);
      });
      worker.on('exit', (status, signal) => {
        workers.delete(worker);
        reject(new Error(`a worker ended with ${signal ?? status}`));
        if (stopping) return;
        const soon = performance.now() - begun < TOO_SOON;
        reporter.warn(`a worker ended with ${signal ?? status}${soon ? '' : '; another one takes its place'}`);
        if (!soon) {
          start().catch((error: Error) => {
            if (!stopping) reporter.warn(`a worker could not be started: ${error.message}`);
          });
        }
      });
    });

  const kill = (): void => {
    for (const worker of workers) worker.process.kill('SIGKILL');
  };

  const stop = async (): Promise<void> => {
    answered = requestCountIn(await gather());
    stopping = true;
    const ended = [...workers].map((worker) => new Promise<void>((resolve) => worker.once('exit', () => resolve())));
    for (const worker of workers) tell(worker, { kind: 'stop' });
    // Each breaks off itself what runs longer than it may.
    const late = setTimeout(kill, 1000 * (limits.drainSeconds + PATIENCE));
    await Promise.all(ended);
    clearTimeout(late);
    await reports.close();
  };

  try {
    // The first one finds out whether the indexes and the address are good.
    const address = await start();
    await Promise.all(Array.from({ length: count - 1 }, start));
    return { address, stop, requests: async () => answered };
  } catch (error) {
    stopping = true;
    kill();
    throw error;
  }
}

function failureOf({ code, message, hint, details }: FromWorker & { kind: 'failed' }): Error {
  if (code === undefined) return new Error(message);
  return new NeurodexError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details }),
  });
}
