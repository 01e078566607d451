import cluster, { type Worker } from 'node:cluster';
import { closeWhatWasHandedOver } from './handed-over.ts';
import { type RestartPolicy, Restarts } from './restarts.ts';
import type { ServerSettings } from './server-options.ts';
import { type FromWorker, failureOf, type ToWorker } from './worker-messages.ts';

export interface SlotOptions {
  /** What each process of this place is told. */
  readonly settings: () => ServerSettings;
  readonly restarts: RestartPolicy | undefined;
  /** Told whenever a process listens. */
  readonly onListening: (address: string) => void;
  /** Told when a process ended without being told to. @param isGivenUp it has ended too often to be worth another try */
  readonly onLost: (reason: Error, isGivenUp: boolean) => void;
  /** Everything else that it says. */
  readonly onMessage: (worker: Worker, message: FromWorker) => void;
}

/** The place of one process of a server: when it ends, another one takes it. */
export class WorkerSlot {
  private readonly options: SlotOptions;
  private readonly restarts: Restarts;
  private worker: Worker | undefined;
  private readySince: number | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopping = false;

  constructor(options: SlotOptions) {
    this.options = options;
    this.restarts = new Restarts(options.restarts);
  }

  /** The process, once it listens. */
  get listening(): Worker | undefined {
    return this.readySince === undefined ? undefined : this.worker;
  }

  tell(message: ToWorker): void {
    if (this.worker?.isConnected()) this.worker.send(message);
  }

  start(): void {
    const worker = cluster.fork();
    this.worker = worker;
    closeWhatWasHandedOver(worker);
    let failed: Error | undefined;
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'hello') {
        this.tell(this.stopping ? { kind: 'stop' } : { kind: 'start', settings: this.options.settings() });
      } else if (message.kind === 'listening') {
        this.readySince = performance.now();
        this.options.onListening(message.address);
      } else if (message.kind === 'failed') failed = failureOf(message);
      else this.options.onMessage(worker, message);
    });
    // Where it cannot be started at all there is no exit.
    worker.on('error', (error) => this.lose(worker, error));
    worker.on('exit', (status, signal) => this.lose(worker, failed ?? new Error(`it ended with ${signal ?? status}`)));
  }

  /** Has the process end, by force after so many milliseconds. */
  stop(patience: number): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    const { worker } = this;
    if (worker === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const late = setTimeout(() => this.kill(), patience);
      worker.once('exit', () => {
        clearTimeout(late);
        resolve();
      });
      this.tell({ kind: 'stop' });
    });
  }

  kill(): void {
    this.stopping = true;
    clearTimeout(this.timer);
    this.worker?.process.kill('SIGKILL');
  }

  private lose(worker: Worker, reason: Error): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    const lived = this.readySince === undefined ? undefined : performance.now() - this.readySince;
    this.readySince = undefined;
    if (this.stopping) return;
    const pause = this.restarts.ended(lived);
    this.options.onLost(reason, pause === undefined);
    // While others answer, it is tried for ever: they may have told this one to stop just now.
    if (!this.stopping) this.timer = setTimeout(() => this.start(), pause ?? this.restarts.longest);
  }
}
