import type { Worker } from 'node:worker_threads';
import { NeurodexError } from '@neurodex/core';
import { spawnWorker } from '@neurodex/core/workers';
import type { RankReply, RankRequest, RankThreadData, ShardEvent } from './rank-messages.ts';
import { type RestartPolicy, Restarts } from './restarts.ts';

interface Asked {
  readonly resolve: (reply: RankReply) => void;
  readonly reject: (error: unknown) => void;
}

type Without<Message, Key extends string> = Message extends unknown ? Omit<Message, Key> : never;

/** A thread ended while it had something to do. */
export class ThreadEnded extends Error {}

export interface RankWorkerOptions {
  readonly program: URL;
  readonly data: RankThreadData;
  readonly onWarning: (message: string) => void;
  readonly onEvent?: ((event: ShardEvent) => void) | undefined;
  /** Told once, when the thread has ended too often to be started again. */
  readonly onGone: (error: NeurodexError) => void;
  readonly restarts?: RestartPolicy | undefined;
}

const failureOf = ({ error, code, hint }: RankReply & { kind: 'failed' }): Error =>
  code === undefined
    ? error
    : new NeurodexError(code, error.message, { cause: error, ...(hint === undefined ? {} : { hint }) });

/** Milliseconds that a thread has to end. */
const PATIENCE = 5000;

/**
 * One thread, started when it is first asked. Should it end by itself, it is started again, after longer and longer pauses, until
 * it has ended too often without an answer in between.
 */
export class RankWorker {
  private readonly options: RankWorkerOptions;
  private readonly restarts: Restarts;
  private readonly asked = new Map<number, Asked>();
  private worker: Worker | undefined;
  private last = 0;
  /** It has answered: what it is given is good, and its end is worth a new start. */
  private proven = false;
  private gone: Error | undefined;
  private starting: Promise<void> = Promise.resolve();
  private closing = false;

  constructor(options: RankWorkerOptions) {
    this.options = options;
    this.restarts = new Restarts(options.restarts);
  }

  /** @throws ThreadEnded when the thread ends before it answers; what it failed with */
  async ask(request: Without<RankRequest, 'id'>, transfer: ArrayBuffer[] = []): Promise<RankReply> {
    await this.starting;
    if (this.gone !== undefined) throw this.gone;
    return new Promise((resolve, reject) => {
      const id = ++this.last;
      this.worker ??= this.start();
      this.asked.set(id, { resolve, reject });
      this.worker.postMessage({ ...request, id }, transfer);
    });
  }

  /** Forgets a version, if the thread has it. */
  async release(digest: string): Promise<void> {
    if (this.worker !== undefined) await this.ask({ kind: 'release', digest }).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.closing = true;
    const { worker } = this;
    if (worker === undefined) return;
    const late = setTimeout(() => void worker.terminate(), PATIENCE);
    await this.ask({ kind: 'close' }).catch(() => undefined);
    clearTimeout(late);
    await worker.terminate();
  }

  private start(): Worker {
    const worker = spawnWorker(this.options.program, { workerData: this.options.data });
    worker.on('message', (reply: RankReply) => this.hear(reply));
    worker.on('error', (error) => this.lose(worker, error));
    worker.on('exit', (status) => this.lose(worker, new Error(`the thread ended with ${status}`)));
    return worker;
  }

  private hear(reply: RankReply): void {
    if (reply.kind === 'warning') {
      this.options.onWarning(reply.message);
      return;
    }
    if (reply.kind === 'event') {
      this.options.onEvent?.(reply.event);
      return;
    }
    const asked = this.asked.get(reply.id);
    this.asked.delete(reply.id);
    this.proven = true;
    this.restarts.worked();
    if (reply.kind === 'failed') asked?.reject(failureOf(reply));
    else asked?.resolve(reply);
  }

  private lose(worker: Worker, cause: Error): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    const asked = [...this.asked.values()];
    this.asked.clear();
    // Before its first answer the cause is worth more than another try.
    const ended = this.proven ? new ThreadEnded(cause.message, { cause }) : cause;
    if (this.proven && !this.closing) this.plan(cause);
    for (const { reject } of asked) reject(ended);
  }

  private plan(cause: Error): void {
    const pause = this.restarts.ended(undefined);
    if (pause === undefined) {
      this.gone = new ThreadEnded(cause.message, { cause });
      const message = `a thread that ranks ended ${this.restarts.failures} times without an answer: ${cause.message}`;
      this.options.onGone(
        new NeurodexError('server-failed', message, {
          hint: 'see whether the index is whole (neurodex inspect --verify) and whether memory is short, then start the server again',
          cause,
        }),
      );
      return;
    }
    this.options.onWarning(`a thread that ranks ended (${cause.message}); another one takes its place`);
    this.starting = new Promise((resolve) => {
      setTimeout(resolve, pause).unref();
    });
  }
}
