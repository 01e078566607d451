import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromFileSystem, NeurodexError } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import type { Share } from './byte-progress.ts';
import { downloadFailed, publicUrl } from './failures.ts';
import type { Answer } from './http.ts';
import { cachedFile, PartialFile } from './partial.ts';
import { contentRange, validatorOf } from './ranges.ts';
import type { RemoteFile } from './remote-file.ts';
import { PassingFailure, withRetries } from './retry.ts';
import { retryContext, type Transfer } from './transfer.ts';
import { expectedDigest, mismatch, notAsExpected } from './verify.ts';

/** Milliseconds between two looks at what another process downloads. */
const WATCH = 500;

/** A folder of its own for each file and each version of it; the name stays, for it says what the file is. */
export function placeOf(remote: RemoteFile, cache: string): { readonly goal: string; readonly name: string } {
  const { pathname } = new URL(remote.url);
  const last = pathname.slice(pathname.lastIndexOf('/') + 1);
  const name =
    last
      .replace(/%[0-9a-f]{2}|[^\w.-]+/gi, '_')
      .replace(/^\.+/, '')
      .slice(-100) || 'file';
  const identity = [remote.url, remote.sha256 ?? remote.md5 ?? ''].join('\n');
  const key = createHash('sha256').update(identity).digest('hex').slice(0, 16);
  return { goal: join(cache, 'downloads', key), name };
}

/** @returns the path of the file in the cache */
export async function fetchWhole(remote: RemoteFile, transfer: Transfer): Promise<string> {
  const { goal, name } = placeOf(remote, transfer.cache);
  const source = { url: publicUrl(remote.url) };
  let told = false;
  try {
    for (;;) {
      throwIfInterrupted(transfer.signal);
      const found = await cachedFile(goal, name);
      if (found !== undefined) {
        if (remote.bytes === undefined || found.bytes === remote.bytes) return found.path;
        // It was verified when it came: somebody has written to it since.
        await rm(goal, { recursive: true, force: true });
      }
      const partial = await PartialFile.claim(goal, name, source);
      if (partial !== undefined) return await complete(remote, partial, join(goal, name), transfer);
      if (!told) transfer.reporter.info(`waiting for another process that downloads ${remote.name}`);
      told = true;
      await sleep(WATCH, undefined, { ...(transfer.signal ? { signal: transfer.signal } : {}) }).catch(() => {});
    }
  } catch (error) {
    throw inCache(error, goal);
  }
}

/** The file system's refusals, with what to do about a cache. */
function inCache(error: unknown, goal: string): unknown {
  const known = fromFileSystem(error, goal);
  if (!(known instanceof NeurodexError) || (known.code !== 'disk-full' && known.code !== 'output-unwritable'))
    return known;
  return new NeurodexError(known.code, known.message, {
    hint: 'set NEURODEX_CACHE to a folder that you may write to, on a disk with enough space; what was fetched is kept',
    details: known.details,
    cause: known.cause ?? error,
  });
}

async function complete(remote: RemoteFile, partial: PartialFile, path: string, transfer: Transfer): Promise<string> {
  const share = transfer.progress.begin(remote.bytes);
  /** The furthest byte so far: a server that always breaks off at the same place does not get on. */
  let furthest = 0;
  const onPosition = (position: number): void => {
    furthest = Math.max(furthest, position);
    share.reach(position);
  };
  try {
    for (let resumed = (await partial.size()) > 0; ; resumed = false) {
      furthest = await partial.size();
      share.reach(furthest);
      await withRetries(
        () => transfer.limit(() => fetchRest(remote, partial, share, transfer, onPosition)),
        retryContext(remote, transfer, () => furthest),
      );
      const digest = await digestOf(remote, partial.path, transfer);
      const wrong = mismatch(remote, await partial.size(), () => digest);
      if (wrong === undefined) break;
      await partial.empty();
      // What an earlier run left may be of another file: once more, from the start.
      if (resumed) continue;
      throw notAsExpected(remote, wrong);
    }
    await partial.finish();
    return path;
  } finally {
    share.end();
    await partial.release();
  }
}

/** One request for what is missing. Resolves when the file is whole. */
async function fetchRest(
  remote: RemoteFile,
  partial: PartialFile,
  share: Share,
  transfer: Transfer,
  onPosition: (position: number) => void,
): Promise<void> {
  const begun = await partial.size();
  if (begun > 0 && begun === remote.bytes) return;
  // A digest tells better than a server whether two halves belong together: copies of a file may have several ETags.
  const hasDigest = expectedDigest(remote) !== undefined;
  const validator = hasDigest ? undefined : partial.validator;
  const resumes = begun > 0 && (validator !== undefined || hasDigest);
  const answer = await transfer.http.get(remote, {
    headers: resumes ? { range: `bytes=${begun}-`, ...(validator ? { 'if-range': validator } : {}) } : {},
  });
  try {
    const range = contentRange(answer.header('content-range'));
    if (answer.status === 416) {
      if (resumes && range?.total === begun) return;
      await partial.empty();
      throw new PassingFailure('the server has no more of it than is here already');
    }
    const from = answer.status === 206 ? begun : 0;
    if (answer.status === 206 && (!resumes || range?.start !== begun || anotherFile(answer, validator))) {
      await partial.empty();
      throw new PassingFailure('the server sent another part than the one asked for');
    }
    const total = totalOf(answer, range?.total);
    checkTotal(remote, total);
    if (total !== undefined && total > mostOf(remote)) throw endless(remote, total);
    if (total !== undefined) share.expect(total);
    await checkSpace(remote, partial.path, (total ?? remote.bytes ?? 0) - from);
    const sized = await write(answer, remote, partial, from, total ?? remote.bytes, onPosition);
    if (!sized) transfer.reporter.warn(`${remote.name}: the server does not say its size, so it cannot be verified`);
  } finally {
    answer.drop();
  }
}

function anotherFile(answer: Answer, validator: string | undefined): boolean {
  const now = validatorOf(answer);
  return validator !== undefined && now !== undefined && now !== validator;
}

/** The file's size, as far as the server says it. */
function totalOf(answer: Answer, ofRange: number | undefined): number | undefined {
  if (answer.status === 206) return ofRange;
  const length = answer.header('content-length');
  return length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined;
}

const mostOf = ({ atMost = Infinity }: RemoteFile): number => atMost;

const endless = (remote: RemoteFile, bytes: number) =>
  downloadFailed(
    remote,
    `it has ${bytes} bytes or more on the server, and at most ${remote.atMost} are taken`,
    'check the address of the mirror, if one is set',
  );

function checkTotal(remote: RemoteFile, total: number | undefined): void {
  if (total === undefined || remote.bytes === undefined || total === remote.bytes) return;
  const hint = 'its owner has published another file under that address';
  throw downloadFailed(remote, `it has ${total} bytes on the server where ${remote.bytes} are expected`, hint);
}

/** Better said before an hour of downloading than after it. */
async function checkSpace(remote: RemoteFile, path: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path)).catch(() => ({ bavail: Infinity, bsize: 1 }));
  const free = bavail * bsize;
  if (needed <= free) return;
  throw new NeurodexError(
    'disk-full',
    `${remote.name} needs ${needed} bytes, and ${dirname(dirname(path))} has ${free} left`,
    { details: { path: dirname(dirname(path)), needed, free } },
  );
}

/** @returns whether it is certain that this was all */
async function write(
  answer: Answer,
  remote: RemoteFile,
  partial: PartialFile,
  from: number,
  total: number | undefined,
  onPosition: (position: number) => void,
): Promise<boolean> {
  const validator = validatorOf(answer);
  const source = { url: publicUrl(remote.url), ...(validator === undefined ? {} : { validator }) };
  const file = await partial.open(from, source);
  let position = from;
  try {
    for await (const piece of answer.body) {
      if (total !== undefined && position + piece.length > total) {
        throw new PassingFailure(`the server sent more than the ${total} bytes it announced`);
      }
      if (position + piece.length > mostOf(remote)) throw endless(remote, position + piece.length);
      for (let done = 0; done < piece.length; ) {
        done += (await file.write(piece, done, piece.length - done, position + done)).bytesWritten;
      }
      position += piece.length;
      onPosition(position);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (total !== undefined && position < total) {
    throw new PassingFailure(`the server stopped after ${position} of ${total} bytes`);
  }
  // A chunked body ends with a mark of its own; any other may have been cut off.
  return (
    total !== undefined || answer.header('transfer-encoding') !== undefined || expectedDigest(remote) !== undefined
  );
}

async function digestOf(remote: RemoteFile, path: string, transfer: Transfer): Promise<string> {
  const expected = expectedDigest(remote);
  if (expected === undefined) return '';
  const hash = createHash(expected.algorithm);
  let done = 0;
  const pieces: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 1 << 20 });
  for await (const piece of pieces) {
    throwIfInterrupted(transfer.signal);
    hash.update(piece);
    done += piece.length;
    const total = remote.bytes === undefined ? {} : { total: remote.bytes };
    transfer.reporter.progress({ phase: 'verify', done, ...total, unit: 'bytes' });
  }
  return hash.digest('hex');
}
