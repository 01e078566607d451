import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorMessage, fromFileSystem, type Reporter, silentReporter } from '@neurodex/core';
import type { ByteSource } from '@neurodex/core/storage';
import { makeFolder, writeFileAtomically } from '@neurodex/core/storage';
import pLimit from 'p-limit';
import { ByteProgress } from './byte-progress.ts';
import { downloadFailed, isUnreachable } from './failures.ts';
import type { Resolver } from './hosts.ts';
import { Http } from './http.ts';
import { collect, openRanges } from './remote-bytes.ts';
import type { RemoteFile } from './remote-file.ts';
import { PATIENCE, PassingFailure, type Patience, withRetries } from './retry.ts';
import { retryContext, type Transfer } from './transfer.ts';
import { mismatch, notAsExpected } from './verify.ts';
import { fetchWhole, placeOf } from './whole-file.ts';

/**
 * Files over HTTP. Every method retries what may pass (429, 5xx, broken or stalled connections) with exponential
 * back-off and jitter, and throws NeurodexError `download-failed`, `download-changed`, `access-denied`, `interrupted`,
 * `disk-full`, `output-unwritable`.
 */
export interface Downloads {
  /** The whole file, in the cache: resumed if it was cut off, verified, fetched at most once. @returns its path */
  file(remote: RemoteFile): Promise<string>;
  /** The file, read in pieces by HTTP ranges; it must not change between two of them (ETag, Last-Modified, size). */
  open(remote: RemoteFile): Promise<ByteSource>;
  /** A small body (the JSON of an API, one picture), at most 256 MiB, without the cache. */
  bytes(remote: RemoteFile, options?: BytesOptions): Promise<Uint8Array>;
}

/** How bytes are fetched. */
export interface BytesOptions {
  /** Keep what came; where the server cannot be reached another time, that is used again, and said so. */
  readonly keep?: boolean;
}

/** How files are fetched. */
export interface DownloadOptions {
  /** The folder that downloads are kept in. */
  readonly cache: string;
  /** HF_TOKEN, HTTP_PROXY, HTTPS_PROXY, NO_PROXY; `process.env` by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Told how far it is. */
  readonly reporter?: Reporter;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Requests under way at a time; 4 by default. */
  readonly concurrency?: number;
}

/** Bytes that a body may have which is read into memory: no API's answer and no picture is larger. */
const MOST_IN_MEMORY = 1 << 28;

/**
 * Fetches files over HTTP: resumed, verified, cached, or read by ranges.
 * @param patience how long it waits and how often it tries; tests are in a hurry
 * @param resolve finds the addresses of names: the system, but in tests
 * @example
 * ```ts
 * import { once } from 'node:events';
 * import { readFileSync } from 'node:fs';
 * import { createServer } from 'node:http';
 * import { createDownloads } from '@neurodex/datasets/download';
 *
 * const server = createServer((_, response) => response.end('red')).listen(0, '127.0.0.1');
 * await once(server, 'listening');
 * const address = server.address();
 * const port = typeof address === 'object' ? address?.port : undefined;
 * const downloads = createDownloads({ cache: 'cache', environment: {} });
 * const path = await downloads.file({ url: `http://127.0.0.1:${port}/colours.txt`, name: 'colours.txt' });
 * console.log(readFileSync(path, 'utf8')); // → red
 * server.close();
 * ```
 */
export function createDownloads(
  options: DownloadOptions,
  patience: Patience = PATIENCE,
  resolve?: Resolver,
): Downloads {
  const { cache, environment = process.env, reporter = silentReporter, signal, concurrency = 4 } = options;
  const transfer: Transfer = {
    cache,
    http: new Http(environment, patience, signal, resolve),
    limit: pLimit(concurrency),
    patience,
    reporter,
    signal,
    progress: new ByteProgress(reporter),
  };
  /** Those who ask for the same file wait for the same download. */
  const underWay = new Map<string, Promise<string>>();
  const file = (remote: RemoteFile): Promise<string> => {
    const key = placeOf(remote, cache).goal;
    const begun = underWay.get(key);
    if (begun !== undefined) return begun;
    const path = fetchWhole(remote, transfer).finally(() => underWay.delete(key));
    underWay.set(key, path);
    return path;
  };
  return {
    file,
    open: (remote) => openRanges(remote, transfer, () => file(remote)),
    bytes: (remote, { keep = false } = {}) => (keep ? fetchOrKept(remote, transfer) : fetchBytes(remote, transfer)),
  };
}

async function fetchOrKept(remote: RemoteFile, transfer: Transfer): Promise<Uint8Array> {
  const path = join(transfer.cache, 'answers', createHash('sha256').update(remote.url).digest('hex').slice(0, 16));
  try {
    const bytes = await fetchBytes(remote, transfer);
    await makeFolder(dirname(path));
    await writeFileAtomically(path, bytes);
    return bytes;
  } catch (error) {
    if (!isUnreachable(error)) throw fromFileSystem(error, path);
    const kept = await readFile(path).catch(() => undefined);
    if (kept === undefined) throw error;
    transfer.reporter.warn(`${errorMessage(error)}; what it said before is used`);
    return new Uint8Array(kept);
  }
}

const larger = (remote: RemoteFile, most: number, announced: string | undefined) =>
  downloadFailed(
    remote,
    `the server sends ${announced === undefined ? `more than ${most}` : announced} bytes, and at most ${most} are taken`,
    'check the address of the mirror, if one is set',
  );

function fetchBytes(remote: RemoteFile, transfer: Transfer): Promise<Uint8Array> {
  const most = Math.min(remote.atMost ?? MOST_IN_MEMORY, MOST_IN_MEMORY);
  const attempt = async (): Promise<Uint8Array> => {
    const answer = await transfer.http.get(remote);
    try {
      if (answer.status !== 200)
        throw new PassingFailure(`the server answered ${answer.status} where nothing asked for it`);
      const announced = answer.header('content-length');
      if (Number(announced ?? 0) > most) throw larger(remote, most, announced);
      const bytes = await collect(answer, most, larger(remote, most, undefined));
      if (announced !== undefined && Number(announced) !== bytes.length) {
        throw new PassingFailure(`the server stopped after ${bytes.length} of ${announced} bytes`);
      }
      const wrong = mismatch(remote, bytes.length, (algorithm) => createHash(algorithm).update(bytes).digest('hex'));
      if (wrong !== undefined) throw notAsExpected(remote, wrong);
      return bytes;
    } finally {
      answer.drop();
    }
  };
  return withRetries(
    () => transfer.limit(attempt),
    retryContext(remote, transfer, () => 0),
  );
}
