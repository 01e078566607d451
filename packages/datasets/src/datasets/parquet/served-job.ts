import type { Worker } from 'node:worker_threads';
import { errorCode } from '@neurodex/core';
import type { ByteSource } from '@neurodex/core/storage';
import { parquetProblem } from './problems.ts';
import type { DecodeJob, FromWorker, ToWorker } from './worker.ts';

/** A row, by the names of columns. */
export type ParquetRow = Readonly<Record<string, unknown>>;

/** What a thread may take for a job; more for each byte of the file that it reads. */
export interface JobLimits {
  /** Milliseconds that it may be silent. */
  readonly silence: number;
  /** Bytes by which the process may grow. */
  readonly memory: number;
}

/** Milliseconds of silence more for each megabyte. */
const SILENCE_PER_MEGABYTE = 500;
/** Bytes more for each byte. */
const MEMORY_RATIO = 4;
/** Milliseconds between two looks at the memory. */
const LOOK = 50;

/** The thread is in no state to go on. `cause`: what really went wrong. */
export class Lost extends Error {}

/** One job of the thread: it is sent the bytes that it asks for, and given up where it takes too long or too much memory. */
export class ServedJob {
  private readonly worker: Worker;
  private readonly source: ByteSource;
  private readonly job: DecodeJob;
  private readonly limits: JobLimits;
  private readonly before = process.memoryUsage.rss();
  /** Slices that it waits for. */
  private outstanding = 0;
  /** Sent so far. */
  private bytes = 0;
  private timer: NodeJS.Timeout | undefined;
  private watch: NodeJS.Timeout | undefined;
  private giveUp: (reason: Error) => void = () => {};
  private stopListening: () => unknown = () => {};

  constructor(worker: Worker, source: ByteSource, job: DecodeJob, limits: JobLimits) {
    this.worker = worker;
    this.source = source;
    this.job = job;
    this.limits = limits;
  }

  /** To be called once. @throws Error with the reader's reason; `Lost` where the thread has to be ended */
  rows(): Promise<readonly ParquetRow[]> {
    const { worker } = this;
    return new Promise((resolve, reject) => {
      this.giveUp = reject;
      const onMessage = (message: FromWorker): void => {
        if ('rows' in message) resolve(message.rows);
        else if ('problem' in message) reject(new Error(message.problem));
        else if ('start' in message)
          this.serve(message.slice, message.start, message.end).catch((error) =>
            reject(new Lost('', { cause: error })),
          );
      };
      const onError = (error: unknown): void => reject(new Lost(reasonOf(error)));
      const onExit = (): void => reject(new Lost('its reader ended'));
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
      this.stopListening = () => worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      this.watch = setInterval(() => this.checkMemory(), LOOK).unref();
      worker.postMessage({ job: this.job } satisfies ToWorker);
      this.listen();
    });
  }

  /** It is over: nothing is waited for any more. */
  leave(): void {
    clearTimeout(this.timer);
    clearInterval(this.watch);
    this.stopListening();
  }

  /** Silence counts only while the thread waits for nothing. */
  private listen(): void {
    clearTimeout(this.timer);
    if (this.outstanding > 0) return;
    const patience = this.limits.silence + (this.bytes / 1e6) * SILENCE_PER_MEGABYTE;
    this.timer = setTimeout(() => this.giveUp(new Lost('its bytes lead the reader in a circle')), patience);
  }

  private async serve(slice: number, start: number, end: number): Promise<void> {
    if (!(start >= 0 && start <= end && end <= this.job.byteLength)) {
      throw new Error(`it points to bytes ${start} to ${end} of ${this.job.byteLength}`);
    }
    this.outstanding++;
    clearTimeout(this.timer);
    const part = await this.source.slice(start, end);
    this.outstanding--;
    this.bytes += part.byteLength;
    this.worker.postMessage({ slice, bytes: part } satisfies ToWorker, [part]);
    this.listen();
  }

  /** What lies outside of JavaScript's heap counts for no limit of a thread: values that repeat each other can fill gigabytes. */
  private checkMemory(): void {
    const allowed = this.limits.memory + MEMORY_RATIO * this.bytes;
    if (process.memoryUsage.rss() - this.before > allowed) this.giveUp(new Lost(`${TOO_MUCH}: over ${allowed} bytes`));
  }
}

const reasonOf = (error: unknown): string =>
  errorCode(error) === 'ERR_WORKER_OUT_OF_MEMORY' ? TOO_MUCH : parquetProblem(error);

const TOO_MUCH = 'its bytes ask for more memory than a row group may need';
