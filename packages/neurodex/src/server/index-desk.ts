import { defined } from '@neurodex/core';
import { ApiError } from './api/problems.ts';
import { changeFailure } from './change-failure.ts';
import type { Changed, ChangeRequest } from './index-changes.ts';
import type { WriteThreadData } from './write-messages.ts';
import { WriteWorker } from './write-worker.ts';

interface Asked {
  readonly request: ChangeRequest;
  readonly resolve: (changed: Changed) => void;
  readonly reject: (error: unknown) => void;
}

/** Pictures that are committed together at most, so that the first of them does not wait long for the last. */
const TOGETHER = 256;

/**
 * The changes of one index. A request that comes alone is committed at once; those that come meanwhile are committed together
 * behind it. The writer is opened for the first one and closed when nothing has come for a while: other processes can write then.
 */
export class IndexDesk {
  private readonly data: WriteThreadData;
  private readonly idleSeconds: number;
  private readonly onFault: (error: unknown) => void;
  private readonly queue: Asked[] = [];
  private worker: WriteWorker | undefined;
  private running: Promise<void> | undefined;
  private idle: NodeJS.Timeout | undefined;
  private closed = false;

  /** @param idleSeconds after which the writer is closed @param onFault told of what clients are not told of */
  constructor(data: WriteThreadData, idleSeconds: number, onFault: (error: unknown) => void) {
    this.data = data;
    this.idleSeconds = idleSeconds;
    this.onFault = onFault;
  }

  /** @throws ApiError */
  ask(request: ChangeRequest): Promise<Changed> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(stopping());
      this.queue.push({ request, resolve, reject });
      this.running ??= this.run().finally(() => {
        this.running = undefined;
        this.planClose();
      });
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const { reject } of this.queue.splice(0)) reject(stopping());
    await this.running;
    clearTimeout(this.idle);
    await this.closeWriter();
  }

  private async run(): Promise<void> {
    clearTimeout(this.idle);
    while (this.queue.length > 0) await this.commit(this.take());
  }

  /** The first requests, as many as can be committed together: no two pictures may have the same name. */
  private take(): Asked[] {
    const names = new Set<string>();
    let count = 0;
    for (const { request } of this.queue) {
      if (request.kind === 'add') {
        const own = request.pictures.map(({ name }) => name);
        if (own.some((name) => names.has(name)) || (count > 0 && names.size + own.length > TOGETHER)) break;
        for (const name of own) names.add(name);
      }
      count++;
    }
    return this.queue.splice(0, count);
  }

  private async commit(group: readonly Asked[]): Promise<void> {
    try {
      if (this.worker?.isGone) this.worker = undefined;
      this.worker ??= new WriteWorker(this.data);
      const reply = await this.worker.ask({ kind: 'change', requests: group.map(({ request }) => request) });
      if (reply.kind !== 'changed') throw reply.kind === 'failed' ? changeFailure(reply) : new Error(reply.kind);
      const { outcomes, version } = reply;
      for (const [i, { resolve }] of group.entries()) {
        resolve({ outcome: defined(outcomes[i], 'the outcome of a change'), version });
      }
    } catch (error) {
      if (!(error instanceof ApiError)) this.onFault(error);
      for (const { reject } of group) reject(error);
    }
  }

  private planClose(): void {
    clearTimeout(this.idle);
    if (this.closed) return;
    this.idle = setTimeout(() => void this.closeWriter(), 1000 * this.idleSeconds);
    this.idle.unref();
  }

  private async closeWriter(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    await worker?.close();
  }
}

const stopping = (): ApiError =>
  new ApiError('draining', 'the server is about to stop', { hint: 'ask another one, or try again', retryAfter: 5 });
