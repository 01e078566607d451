import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { LOCK_FILE } from '@neurodex/core/storage';
import { spawnWorker, workerFile } from '@neurodex/core/workers';
import type { WriteReply, WriteRequest, WriteThreadData } from './write-messages.ts';

const THREAD = workerFile('./write-thread.ts', import.meta.url);

interface Asked {
  readonly resolve: (reply: WriteReply) => void;
  readonly reject: (error: Error) => void;
}

/** One thread that writes, from its first request until it is closed. Requests are asked one after another. */
export class WriteWorker {
  private readonly folder: string;
  private readonly worker: Worker;
  private asked: Asked | undefined;
  private closing = false;
  private ended: Error | undefined;

  constructor(workerData: WriteThreadData) {
    this.folder = workerData.folder;
    this.worker = spawnWorker(THREAD, { workerData });
    this.worker.on('message', (reply: WriteReply) => this.take()?.resolve(reply));
    this.worker.on('error', (error) => this.lose(error));
    this.worker.on('exit', (status) => this.lose(new Error(`the thread that writes ended with ${status}`)));
  }

  get isGone(): boolean {
    return this.ended !== undefined;
  }

  /** @throws Error when the thread ends before it answers */
  ask(request: WriteRequest): Promise<WriteReply> {
    return new Promise((resolve, reject) => {
      if (this.ended !== undefined) return reject(this.ended);
      this.asked = { resolve, reject };
      this.worker.postMessage(request);
    });
  }

  async close(): Promise<void> {
    this.closing = true;
    await this.ask({ kind: 'close' }).catch(() => undefined);
    await this.worker.terminate();
  }

  /** A thread that ended in the middle leaves the lock of a process that lives. */
  private async freeLock(): Promise<void> {
    const path = join(this.folder, LOCK_FILE);
    const text = await readFile(path, 'utf8').catch(() => '');
    if (new RegExp(`"pid":${process.pid}\\b`).test(text)) await rm(path, { force: true });
  }

  /** Who waits for the answer. */
  private take(): Asked | undefined {
    const asked = this.asked;
    this.asked = undefined;
    return asked;
  }

  private lose(error: Error): void {
    this.ended ??= error;
    if (!this.closing) void this.freeLock();
    this.take()?.reject(error);
  }
}
