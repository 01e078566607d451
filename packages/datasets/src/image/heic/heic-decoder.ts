import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { errorCode, errorMessage } from '@neurodex/core';
import { nodeFlags, workerFile } from '@neurodex/core/workers';
import pLimit from 'p-limit';
import type { Piscina } from 'piscina';
import { damaged, tooLarge, tooSlow, unsupported, withoutDecoder } from '../refusals.ts';
import type { HeicFailure, HeicJob, HeicResult } from './decode-job.ts';

/** A thread takes the memory of a picture, and more of them than this would not fit into what all decoding may take. */
const MOST_THREADS = 8;
/** Milliseconds without work after which a thread ends. */
const IDLE = 5000;
/** Seconds that decoding may take where nobody says how many: far beyond what any camera's picture needs. */
const PATIENCE = 600;
/** Bytes of memory beside those of the picture. */
const OWN_MEMORY = 64 * 2 ** 20;

const WORKER = workerFile('./heic-worker.ts', import.meta.url);

const LIBRARY = 'libheif-js/libheif-wasm/libheif.js';

/** @throws Error where the package is not installed */
const findLibrary = (): string => createRequire(import.meta.url).resolve(LIBRARY);

export interface HeicOptions {
  /** What the picture is called in messages. */
  readonly name: string;
  /** Pixels that any picture in the file may have. */
  readonly maxPixels: number;
  readonly seconds?: number | undefined;
  /** Bytes that decoding is expected to take. */
  readonly memory: number;
}

/**
 * Decodes HEIC by libheif as WebAssembly, on threads, which start with the first such picture and end a moment after the last. Time and
 * memory of each picture are bounded.
 */
export class HeicDecoder {
  private readonly threads = Math.min(MOST_THREADS, availableParallelism());
  // A picture that waits is not yet decoded: its time has not begun.
  private readonly limit = pLimit(this.threads);
  private readonly find: () => string;
  private pool: Promise<Piscina<HeicJob, HeicResult>> | undefined;

  /** @param find the path of `libheif.js`; throws where there is none */
  constructor(find = findLibrary) {
    this.find = find;
  }

  /**
   * @returns an uncompressed TIFF with the picture as it is shown, and its colour profile
   * @throws NeurodexError picture-damaged, picture-unsupported, picture-too-large
   */
  async decode(bytes: Uint8Array, options: HeicOptions): Promise<Uint8Array> {
    const library = this.library(options.name);
    return await this.limit(async () => {
      // What is sent is the whole buffer that bytes lie in, so that they get one of their own (`slice` of a Buffer makes none).
      const file = new Uint8Array(bytes);
      const { maxPixels, memory } = options;
      const job = { file, library, maxPixels, maxMemory: OWN_MEMORY + 2 * memory };
      this.pool ??= this.start();
      const pool = await this.pool;
      const { seconds = PATIENCE } = options;
      const signal = AbortSignal.timeout(1000 * (seconds === 0 ? PATIENCE : seconds));
      try {
        const result = await pool.run(job, { transferList: [file.buffer], signal });
        if (result instanceof Uint8Array) return result;
        throw failure(options.name, result);
      } catch (error) {
        if (signal.aborted) throw tooSlow(options.name, seconds);
        throw error;
      }
    });
  }

  private library(name: string): string {
    try {
      return this.find();
    } catch (error) {
      if (errorCode(error) !== 'MODULE_NOT_FOUND') throw error;
      throw withoutDecoder(name, 'is not installed', error);
    }
  }

  private async start(): Promise<Piscina<HeicJob, HeicResult>> {
    const { Piscina } = await import('piscina');
    return new Piscina({
      filename: WORKER.href,
      minThreads: 0,
      maxThreads: this.threads,
      idleTimeout: IDLE,
      execArgv: nodeFlags(WORKER),
    });
  }
}

function failure(name: string, { problem, message }: HeicFailure): Error {
  const cause = new Error(message);
  if (problem === 'library') return withoutDecoder(name, `cannot be used (${message})`, cause);
  if (problem === 'unsupported') return unsupported(name, 'a HEIC picture of an unusual kind', cause);
  if (problem === 'memory') {
    return tooLarge(name, 'needs more memory to decode than its header says', 'scale it down', {}, cause);
  }
  const cut = /end of data|end-of-data|eof|truncat/i.test(errorMessage(cause));
  return damaged(name, 'HEIC', cut ? 'it ends too early' : 'its compressed data are corrupt', cause);
}

/** Of this process. */
export const heicDecoder = new HeicDecoder();
