import cluster, { type Worker } from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { NeurodexError } from '@neurodex/core';
import { nodeFlags, workerFile } from '@neurodex/core/workers';
import { AggregatorRegistry } from 'prom-client';
import { ApiError } from './api/problems.ts';
import { changeDesk } from './change-desk.ts';
import type { ChangeDesk, Changed } from './index-changes.ts';
import { requestCountIn } from './metrics.ts';
import { internal } from './refusals.ts';
import type { RestartPolicy } from './restarts.ts';
import type { ServerOptions, ServerSettings } from './server-options.ts';
import { checkAddress } from './start-server.ts';
import type { FromWorker, RefusedChange } from './worker-messages.ts';
import { tell, WorkerMetrics } from './worker-metrics.ts';
import { WorkerSlot } from './worker-slot.ts';

const WORKER = workerFile('./worker.ts', import.meta.url);
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
  const { indexes, host, token, writeToken, cors, allowHosts, basePath, limits, device, cores } = options;
  const { shards, environment } = options;
  // One that is known from the beginning: a process that takes another's place has to be found where the address says.
  const port = await checkAddress(options);
  const settings = {
    ...{ indexes, port, host, token, writeToken, cors, allowHosts, basePath, limits, device, cores },
    ...{ shards, environment },
  };
  cluster.setupPrimary({
    exec: fileURLToPath(WORKER),
    args: [],
    execArgv: nodeFlags(WORKER),
    silent: false,
    // Bytes of pictures, as they are.
    serialization: 'advanced',
  });
  const pool = new WorkerPool(options, settings, restarts);
  const address = await pool.start(count);
  return { address, failure: pool.failure, stop: () => pool.stop(), requests: async () => pool.requests };
}

/** Who waits for the first process. */
interface Start {
  readonly listens: (address: string) => void;
  readonly fails: (error: Error) => void;
}

/** The processes of a server, each in a slot of its own, and what they say to each other. */
class WorkerPool {
  readonly failure: Promise<NeurodexError>;
  /** That were answered, once the processes have stopped. */
  requests = 0;
  private readonly options: Pick<ServerOptions, 'reports' | 'reporter' | 'limits'>;
  private readonly settings: ServerSettings;
  private readonly restarts: RestartPolicy | undefined;
  private readonly slots: WorkerSlot[] = [];
  private readonly desk: ChangeDesk;
  private readonly metrics = new WorkerMetrics();
  private fail: (error: NeurodexError) => void = () => {};
  private starting: Start | undefined;

  constructor(
    options: Pick<ServerOptions, 'reports' | 'reporter' | 'limits'>,
    settings: ServerSettings,
    restarts: RestartPolicy | undefined,
  ) {
    this.options = options;
    this.settings = settings;
    this.desk = changeDesk({
      ...settings,
      onFault: (error) => options.reporter.warn(`an index could not be changed: ${error}`),
    });
    this.restarts = restarts;
    this.failure = new Promise((resolve) => {
      this.fail = resolve;
    });
  }

  /** @returns the address, once all listen or are not expected to any more @throws NeurodexError of the first process */
  async start(count: number): Promise<string> {
    try {
      const address = await new Promise<string>((resolve, reject) => {
        this.starting = { listens: resolve, fails: reject };
        void this.add();
      });
      this.starting = undefined;
      await Promise.all(Array.from({ length: count - 1 }, () => this.add()));
      return address;
    } catch (error) {
      for (const slot of this.slots) slot.kill();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const { limits, reports } = this.options;
    this.requests = requestCountIn(await this.gather());
    // Each breaks off itself what runs longer than it may.
    await Promise.all(this.slots.map((slot) => slot.stop(1000 * (limits.drainSeconds + PATIENCE))));
    await this.desk.close();
    await reports.close();
  }

  /** Resolves once it listens, or is not expected to any more. */
  private add(): Promise<void> {
    return new Promise((resolve) => {
      const slot = new WorkerSlot({
        settings: () => this.settings,
        restarts: this.restarts,
        onListening: (address) => {
          this.starting?.listens(address);
          resolve();
        },
        onLost: (reason, isGivenUp) => {
          this.lose(reason, isGivenUp);
          if (isGivenUp) resolve();
        },
        onMessage: (worker, message) => {
          this.hear(worker, message).catch((error: unknown) =>
            this.options.reporter.warn(`a message between processes: ${error}`),
          );
        },
      });
      this.slots.push(slot);
      slot.start();
    });
  }

  private async hear(worker: Worker, message: FromWorker): Promise<void> {
    const { reporter, reports } = this.options;
    if (message.kind === 'warning') reporter.warn(message.message);
    else if (message.kind === 'ask-report') {
      tell(worker, { kind: 'report', id: message.id, state: await reports.ask(message.index, message.digest) });
    } else if (message.kind === 'ask-metrics') {
      const text = await AggregatorRegistry.aggregate(await this.gather()).metrics();
      tell(worker, { kind: 'all-metrics', id: message.id, text });
    } else if (message.kind === 'ask-change') {
      tell(worker, { kind: 'change', id: message.id, answer: await this.change(message) });
    } else if (message.kind === 'metrics') this.metrics.hear(message.id, message.metrics);
  }

  /** Every process hides a picture before it is removed. */
  private async change({ index, request }: FromWorker & { kind: 'ask-change' }): Promise<Changed | RefusedChange> {
    const hide = (isHidden: boolean): void => {
      if (request.kind !== 'remove') return;
      for (const slot of this.slots) slot.tell({ kind: 'hide', index, picture: request.picture, isHidden });
    };
    hide(true);
    try {
      const changed = await this.desk.ask(index, request);
      if (changed.outcome.kind === 'refused') hide(false);
      return changed;
    } catch (error) {
      hide(false);
      const { code, message, hint, retryAfter } = error instanceof ApiError ? error : internal();
      return { kind: 'refused', code, message, hint, retryAfter };
    }
  }

  private lose(reason: Error, isGivenUp: boolean): void {
    // What the first one finds wrong with the indexes or the address would be wrong for all.
    if (this.starting !== undefined && reason instanceof NeurodexError) this.starting.fails(reason);
    else if (isGivenUp && this.listening.length === 0) (this.starting?.fails ?? this.fail)(keptEnding(reason));
    else this.options.reporter.warn(`a process of the server ended: ${reason.message}; another one takes its place`);
  }

  private get listening(): Worker[] {
    return this.slots.flatMap(({ listening }) => listening ?? []);
  }

  private gather() {
    return this.metrics.gather(this.listening);
  }
}

const keptEnding = (reason: Error): NeurodexError =>
  new NeurodexError('server-failed', `no process of the server stays alive: ${reason.message}`, {
    ...(reason instanceof NeurodexError && reason.hint !== undefined
      ? { hint: reason.hint }
      : { hint: 'see whether memory is short (fewer --workers need less), then start the server again' }),
    cause: reason,
  });
