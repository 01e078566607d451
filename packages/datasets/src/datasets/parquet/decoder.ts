import type { Worker } from 'node:worker_threads';
import type { ByteSource } from '@neurodex/core/storage';
import { spawnWorker, workerFile } from '@neurodex/core/workers';
import pLimit from 'p-limit';
import { Lost, type ParquetRow, ServedJob } from './served-job.ts';
import type { DecodeJob } from './worker.ts';

/** Milliseconds that a decoder may be silent: far beyond what sound bytes need. */
const SILENCE = 20_000;
/** Milliseconds without work after which the thread is ended. */
const IDLE = 5000;
/** Megabytes that its JavaScript objects may have: bytes of pictures do not count. */
const HEAP = 2048;
/** Bytes by which the process may grow during a job. */
const MEMORY = 2.5 * 2 ** 30;

/**
 * Decodes Parquet in a thread of its own. On damaged bytes a Parquet reader may go round in circles, or fill the memory
 * with one run of a billion values; a thread can be ended, and takes nobody with it.
 * @example
 * ```ts
 * import { openFileBytes } from '@neurodex/core/storage';
 * import { ParquetDecoder } from '@neurodex/datasets';
 * import { parquetMetadataAsync } from 'hyparquet';
 *
 * const source = await openFileBytes('imagenette/0000.parquet');
 * const metadata = await parquetMetadataAsync(source);
 * const decoder = new ParquetDecoder();
 * const job = { byteLength: source.byteLength, metadata, columns: ['label'], rowStart: 0, rowEnd: 3 };
 * console.log(await decoder.rows(source, { ...job, useOffsetIndex: false })); // → [ { label: 9n }, { label: 0n }, { label: 4n } ]
 * await decoder.close();
 * await source.close();
 * ```
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

  /** The rows of a part of a file. @throws Error with the reader's reason; errors of `source` as they are */
  rows(source: ByteSource, job: DecodeJob): Promise<readonly ParquetRow[]> {
    return this.limit(() => this.decode(source, job));
  }

  private async decode(source: ByteSource, job: DecodeJob): Promise<readonly ParquetRow[]> {
    clearTimeout(this.idle);
    const worker = this.worker ?? (await this.start());
    const served = new ServedJob(worker, source, job, { silence: this.silence, memory: this.memory });
    // While nobody works in it, it keeps no process alive.
    worker.ref();
    try {
      return await served.rows();
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      this.worker = undefined;
      await worker.terminate();
      throw error.cause ?? error;
    } finally {
      served.leave();
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

const newWorker = (): Worker =>
  spawnWorker(workerFile('./worker.ts', import.meta.url), { resourceLimits: { maxOldGenerationSizeMb: HEAP } });
