import { parentPort, workerData } from 'node:worker_threads';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, NeurodexError, silentReporter } from '@neurodex/core';
import { AttentionProbe, type TokenAttention } from '../dsi/search/attention-probe.ts';
import { FINE_BATCHES } from '../dsi/search/dsi-system.ts';
import { storedQuery } from '../pictures/stored-query.ts';
import { decodeThumbnail } from '../pictures/thumbnail.ts';
import type { Query } from '../query/query.ts';
import { type Index, openIndex } from '../systems/open-index.ts';
import {
  type PackedQueries,
  packAnswers,
  type RankReply,
  type RankRequest,
  type RankThreadData,
} from './rank-messages.ts';

/** A thread that ranks the catalogue of one index, so that the one that serves has nothing to compute. */
const port = defined(parentPort ?? undefined, 'the port of the thread');
const { folder, digest, device, threads, pixels }: RankThreadData = workerData;
// The cores are also needed for what decodes pictures and answers requests: with threads that spin, a search takes twice the
// processor time.
const runtime = nodeRuntime({ device, threads, spinning: false });
const reporter = {
  ...silentReporter,
  warn: (message: string) => port.postMessage({ kind: 'warning', message } satisfies RankReply),
};
const opening = openIndex(folder, runtime, reporter, { pixels, digest, batches: FINE_BATCHES });
// Without its index this thread is of no use: it ends with the cause, and whoever started it decides what then.
opening.catch((error: unknown) =>
  setImmediate(() => {
    throw error;
  }),
);
let probe: Promise<AttentionProbe> | undefined;

function unpack({ store }: Index, { queries, pixels: all, thumbnails, rows }: PackedQueries): Query[] {
  const bytes = all.length / queries;
  return Array.from({ length: queries }, (_, i) => {
    const row = rows[i];
    if (row !== undefined) return storedQuery(store, row);
    return {
      kind: 'picture',
      pixels: all.subarray(i * bytes, (i + 1) * bytes),
      thumbnail: () => decodeThumbnail(thumbnails[i] ?? new Uint8Array(), 'the picture'),
    };
  });
}

async function explain(index: Index, { identifiers, ...packed }: RankRequest & { kind: 'explain' }) {
  probe ??= index.network().then(({ model, table }) => AttentionProbe.create(runtime, model, table));
  const ready = await probe;
  const input = await index.input(defined(unpack(index, packed)[0], 'the query'));
  const tokens: TokenAttention[][] = [];
  for (const identifier of identifiers) tokens.push(await ready.look(input, identifier));
  return tokens;
}

/** Answers that are being computed. */
const underWay = new Set<Promise<void>>();

async function answer(request: RankRequest): Promise<void> {
  const { id } = request;
  const index = await opening;
  try {
    if (request.kind === 'rank') {
      const answers = packAnswers(await (await index.system(request.system)).rank(unpack(index, request), request.k));
      const { counts, rows, scores } = answers;
      port.postMessage({ id, kind: 'ranked', answers } satisfies RankReply, [
        counts.buffer,
        rows.buffer,
        scores.buffer,
      ]);
    } else if (request.kind === 'explain') {
      port.postMessage({ id, kind: 'explained', tokens: await explain(index, request) } satisfies RankReply);
    } else {
      // A session that is released while it runs ends the whole process.
      await Promise.allSettled(underWay);
      await (await probe?.catch(() => undefined))?.release();
      await index.close();
      port.postMessage({ id, kind: 'closed' } satisfies RankReply);
      port.close();
    }
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const { code, hint } = error instanceof NeurodexError ? error : {};
    port.postMessage({
      id,
      kind: 'failed',
      error: Object.assign(new Error(error.message), { stack: error.stack }),
      ...(code === undefined ? {} : { code }),
      ...(hint === undefined ? {} : { hint }),
    } satisfies RankReply);
  }
}

port.on('message', (request: RankRequest) => {
  const answering = answer(request);
  if (request.kind === 'close') return;
  underWay.add(answering);
  void answering.finally(() => underWay.delete(answering));
});
