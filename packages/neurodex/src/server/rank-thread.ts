import { parentPort, workerData } from 'node:worker_threads';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, NeurodexError, silentReporter } from '@neurodex/core';
import { AttentionProbe, type TokenAttention } from '../dsi/search/attention-probe.ts';
import { encoderPixels } from '../pictures/encoder-pixels.ts';
import { storedQuery } from '../pictures/stored-query.ts';
import { decodeThumbnail } from '../pictures/thumbnail.ts';
import { isPicture, type PictureQuery, type Query } from '../query/query.ts';
import { nonesOf } from '../systems/judge.ts';
import type { Index } from '../systems/open-index.ts';
import {
  type PackedQueries,
  packNones,
  packRankings,
  type RankReply,
  type RankRequest,
  type RankThreadData,
} from './rank-messages.ts';
import { type OpenedVersion, versionsOf } from './ranked-versions.ts';
import type { QueryWords, RankVersion } from './ranker.ts';

/** A thread that ranks the catalogue of one index, so that the one that serves has nothing to compute. */
const port = defined(parentPort ?? undefined, 'the port of the thread');
const { device, threads }: RankThreadData = workerData;
// The cores are also needed for what decodes pictures and answers requests: with threads that spin, a search takes twice the
// processor time.
const runtime = nodeRuntime({ device, threads, spinning: false });
const reporter = {
  ...silentReporter,
  warn: (message: string) => port.postMessage({ kind: 'warning', message } satisfies RankReply),
};
/** The server has decoded the picture before: it is neither damaged nor too large. */
const DECODING = { name: 'the picture', maxPixels: Number.POSITIVE_INFINITY };
const open = versionsOf(workerData, {
  reporter,
  onEvent: (event) => port.postMessage({ kind: 'event', event } satisfies RankReply),
});

/** A version of the index, from the first request that names it until it is released. */
interface Version {
  readonly opening: Promise<OpenedVersion>;
  probe: Promise<AttentionProbe> | undefined;
  /** Answers that are being computed. */
  readonly underWay: Set<Promise<unknown>>;
}
const versions = new Map<string, Version>();

function versionOf({ digest }: RankVersion): Version {
  const known = versions.get(digest);
  if (known !== undefined) return known;
  const opening = open(digest, runtime);
  const version = { opening, probe: undefined, underWay: new Set<Promise<unknown>>() };
  versions.set(digest, version);
  // The next request tries again.
  opening.catch(() => versions.delete(digest));
  return version;
}

async function release(digest: string): Promise<void> {
  const version = versions.get(digest);
  versions.delete(digest);
  if (version === undefined) return;
  // A session that is released while it runs ends the whole process.
  await Promise.allSettled(version.underWay);
  await (await version.probe?.catch(() => undefined))?.release();
  await (await version.opening.catch(() => undefined))?.close();
}

function unpack({ store, manifest }: Index, packed: PackedQueries): Query[] {
  const { queries, pixels: all, thumbnails, files, rows, words } = packed;
  const bytes = all.length / queries;
  const preprocessing = manifest.encoder?.preprocessing;
  return Array.from({ length: queries }, (_, i) => {
    const [row, file] = [rows[i], files[i]];
    const picture = (): PictureQuery =>
      row !== undefined
        ? storedQuery(store, row)
        : {
            kind: 'picture',
            pixels: all.subarray(i * bytes, (i + 1) * bytes),
            thumbnail: () => decodeThumbnail(thumbnails[i] ?? new Uint8Array(), 'the picture'),
            ...(file === undefined || preprocessing === undefined
              ? {}
              : { encoderPixels: () => encoderPixels(file, preprocessing, DECODING) }),
          };
    const own = words[i];
    return own === undefined ? picture() : withWords(own, picture);
  });
}

function withWords({ text, plus, minus }: QueryWords, picture: () => PictureQuery): Query {
  const base = text === undefined ? picture() : ({ kind: 'text', text } as const);
  if (plus.length + minus.length === 0) return base;
  const weighted = (texts: readonly string[], weight: number) =>
    texts.map((each) => ({ query: { kind: 'text', text: each } as const, weight }));
  return { kind: 'composed', parts: [{ query: base, weight: 1 }, ...weighted(plus, 1), ...weighted(minus, -1)] };
}

async function explain(version: Version, { identifiers, ...packed }: RankRequest & { kind: 'explain' }) {
  const { index } = await version.opening;
  version.probe ??= index.network().then(({ model, table }) => AttentionProbe.create(runtime, model, table));
  const ready = await version.probe;
  const query = defined(unpack(index, packed)[0], 'the query');
  if (!isPicture(query)) throw new RangeError('only the network that sees has attention to show');
  const input = await index.input(query);
  const tokens: TokenAttention[][] = [];
  for (const identifier of identifiers) tokens.push(await ready.look(input, identifier));
  return tokens;
}

async function rankIn(version: Version, request: RankRequest & { kind: 'rank' }): Promise<void> {
  const { index, rank: search } = await version.opening;
  const queries = unpack(index, request);
  const answers = await rankedByFilter(queries, request.wheres, (some, where) =>
    search(request.system, some, request.k, where),
  );
  const nones = await nonesIn(index, queries, request.none);
  const packed = packRankings(answers.map((each, i) => ({ ...each, none: nones[i] })));
  const { counts, rows, scores, nones: sent } = packed;
  const moved = [counts.buffer, rows.buffer, scores.buffer, sent.buffer];
  port.postMessage({ id: request.id, kind: 'ranked', answers: packed } satisfies RankReply, moved);
}

/** Queries with the same filter are ranked together. */
async function rankedByFilter<Each>(
  queries: readonly Query[],
  wheres: readonly (string | undefined)[],
  rank: (queries: readonly Query[], where: string | undefined) => Promise<readonly Each[]>,
): Promise<Each[]> {
  const found = new Map<number, Each>();
  for (const where of new Set(queries.map((_, i) => wheres[i]))) {
    const places = queries.flatMap((_, i) => (wheres[i] === where ? [i] : []));
    const answers = await rank(
      places.map((i) => defined(queries[i], 'a query')),
      where,
    );
    for (const [at, i] of places.entries()) found.set(i, defined(answers[at], 'the answers to a query'));
  }
  return queries.map((_, i) => defined(found.get(i), 'the answers to a query'));
}

async function tellNones(version: Version, request: RankRequest & { kind: 'nones' }): Promise<void> {
  const { index } = await version.opening;
  const nones = packNones(await nonesIn(index, unpack(index, request), request.none));
  port.postMessage({ id: request.id, kind: 'nones', nones } satisfies RankReply, [nones.buffer]);
}

async function searchShard(version: Version, { id, ...request }: RankRequest & { kind: 'shard' }): Promise<void> {
  const { searchShard: search } = await version.opening;
  const answers = await defined(search, 'the shards of the index')(request);
  port.postMessage({ id, kind: 'shard', answers } satisfies RankReply);
}

/** Of the queries that want it known. */
async function nonesIn(index: Index, queries: readonly Query[], wanted: readonly boolean[]) {
  const asked = queries.filter((_, i) => wanted[i]);
  const relevance = asked.length === 0 ? undefined : await index.relevance();
  if (relevance === undefined) return queries.map(() => undefined);
  const nones = await nonesOf(relevance, asked, index.describe);
  const known = new Map(asked.map((query, i) => [query, nones[i]]));
  return queries.map((query) => known.get(query));
}

/** Has a version wait for an answer before it is released. */
async function within<T>(version: Version, work: (version: Version) => Promise<T>): Promise<T> {
  const working = work(version);
  version.underWay.add(working);
  return await working.finally(() => version.underWay.delete(working));
}

async function answer(request: RankRequest): Promise<void> {
  const { id } = request;
  if (request.kind === 'rank') await within(versionOf(request.version), (version) => rankIn(version, request));
  else if (request.kind === 'nones') await within(versionOf(request.version), (version) => tellNones(version, request));
  else if (request.kind === 'shard')
    await within(versionOf(request.version), (version) => searchShard(version, request));
  else if (request.kind === 'explain') {
    const tokens = await within(versionOf(request.version), (version) => explain(version, request));
    port.postMessage({ id, kind: 'explained', tokens } satisfies RankReply);
  } else if (request.kind === 'release') {
    await release(request.digest);
    port.postMessage({ id, kind: 'released' } satisfies RankReply);
  } else {
    for (const digest of [...versions.keys()]) await release(digest);
    port.postMessage({ id, kind: 'closed' } satisfies RankReply);
    port.close();
  }
}

function fail(id: number, thrown: unknown): void {
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

port.on('message', (request: RankRequest) => void answer(request).catch((error: unknown) => fail(request.id, error)));
