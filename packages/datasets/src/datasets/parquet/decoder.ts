import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ByteSource } from '@neurodex/core/storage';
import pLimit from 'p-limit';
import { parquetProblem } from './problems.ts';
import type { DecodeJob, FromWorker, ToWorker } from './worker.ts';

export type ParquetRow = Readonly<Record<string, unknown>>;

/** Milliseconds that a decoder may be silent, and more for each megabyte: far beyond what sound bytes need. */
const SILENCE = 20_000;
const SILENCE_PER_MEGABYTE = 500;
/** Milliseconds without work after which the thread is ended. */
const IDLE = 5000;
/** Megabytes that its JavaScript objects may have: bytes of pictures do not count. */
const HEAP = 2048;
/** Bytes by which the process may grow during a job, and more for each byte of the file that it reads. */
const MEMORY = 2.5 * 2 ** 30;
const MEMORY_RATIO = 4;

/**
 * Decodes Parquet in a thread of its own. On damaged bytes a Parquet reader may go round in circles, or fill the memory
 * with one run of a billion values; a thread can be ended, and takes nobody with it.
 */
export class ParquetDecoder {
  private readonly limit = pLimit(1);
  private readonly silence: number;
  private readonly memory: number;
  private worker: Worker | undefined;
  private idle: NodeJS.Timeout | undefined;

  /** @param silence milliseconds @param memory bytes by which the process may grow during a job; tests take less of both */
  constructor(silence = SILENCE, memory = MEMORY) {
    this.silence = silence;
    this.memory = memory;
  }

  /** @throws Error with the reader's reason; errors of `source` as they are */
  rows(source: ByteSource, job: DecodeJob): Promise<readonly ParquetRow[]> {
    return this.limit(() => this.decode(source, job));
  }

  private async decode(source: ByteSource, job: DecodeJob): Promise<readonly ParquetRow[]> {
    clearTimeout(this.idle);
    const worker = this.worker ?? (await this.start());
    let timer: NodeJS.Timeout | undefined;
    let watch: NodeJS.Timeout | undefined;
    const before = process.memoryUsage.rss();
    let stopListening: () => unknown = () => {};
    let outstanding = 0;
    let bytes = 0;
    // While nobody works in it, it keeps no process alive.
    worker.ref();
    try {
      return await new Promise<readonly ParquetRow[]>((resolve, reject) => {
        const listen = (): void => {
          clearTimeout(timer);
          if (outstanding > 0) return;
          const patience = this.silence + (bytes / 1e6) * SILENCE_PER_MEGABYTE;
          timer = setTimeout(() => reject(new Lost('its bytes lead the reader in a circle')), patience);
        };
        const serve = async (slice: number, start: number, end: number): Promise<void> => {
          if (!(start >= 0 && start <= end && end <= job.byteLength)) {
            throw new Error(`it points to bytes ${start} to ${end} of ${job.byteLength}`);
          }
          outstanding++;
          clearTimeout(timer);
          const part = await source.slice(start, end);
          outstanding--;
          bytes += part.byteLength;
          worker.postMessage({ slice, bytes: part } satisfies ToWorker, [part]);
          listen();
        };
        const onMessage = (message: FromWorker): void => {
          if ('rows' in message) resolve(message.rows);
          else if ('problem' in message) reject(new Error(message.problem));
          else if ('start' in message)
            serve(message.slice, message.start, message.end).catch((error) => reject(new Lost('', { cause: error })));
        };
        const onError = (error: unknown): void => reject(new Lost(reasonOf(error)));
        const onExit = (): void => reject(new Lost('its reader ended'));
        worker.on('message', onMessage).on('error', onError).on('exit', onExit);
        stopListening = () => worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        // What lies outside of JavaScript's heap counts for no limit of a thread: values that repeat each other can fill gigabytes.
        watch = setInterval(() => {
          const allowed = this.memory + MEMORY_RATIO * bytes;
          if (process.memoryUsage.rss() - before > allowed) reject(new Lost(`${TOO_MUCH}: over ${allowed} bytes`));
        }, 50).unref();
        worker.postMessage({ job } satisfies ToWorker);
        listen();
      });
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      this.worker = undefined;
      await worker.terminate();
      throw error.cause ?? error;
    } finally {
      clearTimeout(timer);
      clearInterval(watch);
      stopListening();
      worker.unref();
      this.idle = setTimeout(() => void this.close(), IDLE).unref();
    }
  }

  private async start(): Promise<Worker> {
    const worker = await startWorker();
    this.worker = worker;
    // Also between jobs, when nobody listens.
    worker.on('error', () => {});
    worker.once('exit', () => {
      if (this.worker === worker) this.worker = undefined;
    });
    return worker;
  }

  /** End the thread, if there is one. */
  async close(): Promise<void> {
    clearTimeout(this.idle);
    const worker = this.worker;
    this.worker = undefined;
    await worker?.terminate();
  }
}

/** The thread is in no state to go on. `cause`: what really went wrong. */
class Lost extends Error {}

const reasonOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException)?.code === 'ERR_WORKER_OUT_OF_MEMORY' ? TOO_MUCH : parquetProblem(error);

const TOO_MUCH = 'its bytes ask for more memory than a row group may need';

/** @throws Error when it does not come up, which is nobody's data's fault */
async function startWorker(): Promise<Worker> {
  const worker = newWorker();
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('error', (error) =>
      reject(new DecoderUnavailable('the Parquet reader does not start', { cause: error })),
    );
  });
  return worker.removeAllListeners('error');
}

export class DecoderUnavailable extends Error {}

function newWorker(): Worker {
  const resourceLimits = { maxOldGenerationSizeMb: HEAP };
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL('./worker.js', import.meta.url), { resourceLimits });
  }
  // The sources themselves run in tests only; threads do not inherit what translates them.
  const api = pathToFileURL(
    createRequire(import.meta.url)
      .resolve('tsx/esm/api')
      .replace(/cjs$/, 'mjs'),
  ).href;
  const worker = new URL('./worker.ts', import.meta.url).href;
  const code = `import('${api}').then(({ register }) => { register(); return import('${worker}'); });`;
  return new Worker(code, { eval: true, resourceLimits });
}
