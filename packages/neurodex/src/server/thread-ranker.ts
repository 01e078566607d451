import { Worker } from 'node:worker_threads';
import { NeurodexError } from '../errors.ts';
import type { DigitAttention } from '../retrieval/attention.ts';
import type { Answer, SystemName } from '../retrieval/system.ts';
import {
  type PackedQueries,
  type RankReply,
  type RankRequest,
  type RankThreadData,
  unpackAnswers,
} from './rank-messages.ts';
import type { PlainQuery, Ranker } from './ranker.ts';

/** The compiled thread, whether this file is compiled or a source that tests run: Node does not read TypeScript. */
const THREAD = new URL('../../dist/server/rank-thread.js', import.meta.url);

interface Asked {
  readonly resolve: (reply: RankReply) => void;
  readonly reject: (error: unknown) => void;
}

type Without<Message, Key extends string> = Message extends unknown ? Omit<Message, Key> : never;

/** One thread, started when it is first asked, and started again should it end by itself. */
class RankThread {
  private readonly data: RankThreadData;
  private readonly onWarning: (message: string) => void;
  private readonly asked = new Map<number, Asked>();
  private worker: Worker | undefined;
  private last = 0;

  constructor(data: RankThreadData, onWarning: (message: string) => void) {
    this.data = data;
    this.onWarning = onWarning;
  }

  ask(request: Without<RankRequest, 'id'>, transfer: ArrayBuffer[] = []): Promise<RankReply> {
    return new Promise((resolve, reject) => {
      const id = ++this.last;
      this.asked.set(id, { resolve, reject });
      this.worker ??= this.start();
      this.worker.postMessage({ ...request, id }, transfer);
    });
  }

  async close(): Promise<void> {
    const { worker } = this;
    if (worker === undefined) return;
    await this.ask({ kind: 'close' }).catch(() => undefined);
    await worker.terminate();
  }

  private start(): Worker {
    const worker = new Worker(THREAD, { workerData: this.data, execArgv: [] });
    worker.on('message', (reply: RankReply) => this.hear(reply));
    worker.on('error', (error) => this.fail(worker, error));
    worker.on('exit', () => this.fail(worker, new Error('the thread that ranks has ended')));
    return worker;
  }

  private hear(reply: RankReply): void {
    if (reply.kind === 'warning') {
      this.onWarning(reply.message);
      return;
    }
    const asked = this.asked.get(reply.id);
    this.asked.delete(reply.id);
    if (reply.kind === 'failed') asked?.reject(failureOf(reply));
    else asked?.resolve(reply);
  }

  private fail(worker: Worker, error: unknown): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    for (const { reject } of this.asked.values()) reject(error);
    this.asked.clear();
  }
}

/** Threads send errors without their codes. */
const failureOf = ({ error, code }: RankReply & { kind: 'failed' }): unknown =>
  code === undefined || !(error instanceof Error) ? error : new NeurodexError(code, error.message, { cause: error });

/**
 * Ranks on threads: one for the network and its encoder, so that nothing keeps them waiting, and one for the baselines, which
 * compute in JavaScript.
 */
export function threadRanker(data: RankThreadData, onWarning: (message: string) => void): Ranker {
  const network = new RankThread(data, onWarning);
  const baselines = new RankThread(data, onWarning);
  const threads: { readonly [Name in SystemName]: RankThread } = {
    dsi: network,
    encoder: network,
    bovw: baselines,
    pixels: baselines,
  };
  return {
    async rank(system, queries, k) {
      const request = { kind: 'rank', system, k, ...packed(queries) } as const;
      const reply = await threads[system].ask(request, [request.pixels.buffer]);
      if (reply.kind !== 'ranked') throw new Error(`the thread that ranks answered with ${reply.kind}`);
      return unpackAnswers(reply.answers) satisfies Answer[][];
    },
    async explain(query, identifiers) {
      const reply = await network.ask({ kind: 'explain', identifiers, ...packed([query]) });
      if (reply.kind !== 'explained') throw new Error(`the thread that ranks answered with ${reply.kind}`);
      return reply.digits satisfies DigitAttention[][];
    },
    async close() {
      await network.close();
      await baselines.close();
    },
  };
}

/** Copies, because what a thread is sent goes with the whole memory that it is a part of. */
function packed(queries: readonly PlainQuery[]): PackedQueries {
  const bytes = queries[0]?.pixels.length ?? 0;
  const pixels = new Uint8Array(queries.length * bytes);
  for (const [i, query] of queries.entries()) pixels.set(query.pixels, i * bytes);
  return {
    queries: queries.length,
    pixels,
    thumbnails: queries.map(({ thumbnail }) => (thumbnail === undefined ? undefined : Uint8Array.from(thumbnail))),
    rows: queries.map(({ row }) => row),
  };
}
