import { NeurodexError } from '@neurodex/core';
import { type ByteSource, openFileBytes } from '@neurodex/core/storage';
import { downloadChanged, downloadFailed } from './failures.ts';
import type { Answer, Ask } from './http.ts';
import { contentRange, validatorOf } from './ranges.ts';
import type { RemoteFile } from './remote-file.ts';
import { PassingFailure, withRetries } from './retry.ts';
import { retryContext, type Transfer } from './transfer.ts';

/** The end of the file comes with the first request: a Parquet file's or a zip archive's directory is there. */
const TAIL_BYTES = 1 << 17;

/** The file as it was when it was opened. */
interface Version {
  readonly byteLength: number;
  /** By host: two that hold copies of one file need not call its version the same. */
  readonly validators: Map<string, string | undefined>;
  readonly linkedTag: string | undefined;
  readonly tailStart: number;
  readonly tail: Uint8Array;
}

/** Reads a file by ranges. Where the server knows no ranges, the whole of it is fetched by `whole` first. */
export async function openRanges(
  remote: RemoteFile,
  transfer: Transfer,
  whole: () => Promise<string>,
): Promise<ByteSource> {
  const reader = new RangeReader(remote, transfer);
  const version = await reader.first();
  if (version === undefined) {
    transfer.reporter.info(`${remote.name}: the server sends no parts of files, so all of it is downloaded`);
    return openFileBytes(await whole());
  }
  const { byteLength, tailStart, tail } = version;
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const stop = Math.min(end, byteLength);
      if (stop <= start) return new ArrayBuffer(0);
      if (start >= tailStart) return tail.slice(start - tailStart, stop - tailStart).buffer;
      return reader.read(version, start, stop);
    },
    close: async () => {},
  };
}

class RangeReader {
  private readonly remote: RemoteFile;
  private readonly transfer: Transfer;
  /** Where redirects led, so that each range does not take the detour. Such addresses may expire. */
  private at: URL | undefined;

  constructor(remote: RemoteFile, transfer: Transfer) {
    this.remote = remote;
    this.transfer = transfer;
  }

  /** The size, the version and the last bytes. @returns undefined when the server does not know ranges */
  first(): Promise<Version | undefined> {
    const { remote } = this;
    const range =
      remote.bytes === undefined || remote.bytes === 0
        ? `bytes=-${TAIL_BYTES}`
        : `bytes=${Math.max(0, remote.bytes - TAIL_BYTES)}-`;
    return this.retried(
      () => 0,
      async () => {
        const answer = await this.ask({ range });
        try {
          const found = contentRange(answer.header('content-range'));
          if (answer.status === 416 && found?.total !== 0) {
            throw this.wrongSize(found?.total);
          }
          if (answer.status === 200 && Number(answer.header('content-length') ?? Infinity) > TAIL_BYTES)
            return undefined;
          const size = found?.total ?? remote.bytes;
          if (remote.bytes !== undefined && size !== remote.bytes) throw this.wrongSize(size);
          const tail = answer.status === 416 ? new Uint8Array(0) : await collect(answer, TAIL_BYTES);
          const { start = 0, end = tail.length, total = tail.length } = found ?? {};
          if (remote.bytes !== undefined && total !== remote.bytes) throw this.wrongSize(total);
          if (tail.length !== end - start || end !== total) {
            throw new PassingFailure(`the server sent ${tail.length} bytes of the ${end - start} it announced`);
          }
          return {
            byteLength: total,
            validators: new Map([[answer.url.host, validatorOf(answer)]]),
            linkedTag: answer.linkedTag,
            tailStart: start,
            tail,
          };
        } finally {
          answer.drop();
        }
      },
    );
  }

  async read(version: Version, start: number, end: number): Promise<ArrayBuffer> {
    const bytes = new Uint8Array(end - start);
    let filled = 0;
    await this.retried(
      () => filled,
      async () => {
        const from = start + filled;
        const answer = await this.ask({ range: `bytes=${from}-${end - 1}` });
        try {
          this.check(answer, version, from, end);
          for await (const piece of answer.body) {
            if (filled + piece.length > bytes.length)
              throw new PassingFailure('the server sent more than the part asked for');
            bytes.set(piece, filled);
            filled += piece.length;
          }
        } finally {
          answer.drop();
        }
        if (filled < bytes.length)
          throw new PassingFailure(`the server stopped after ${filled} of ${bytes.length} bytes`);
      },
    );
    return bytes.buffer;
  }

  /** That the part is the one asked for, and of the same file as the others. */
  private check(answer: Answer, version: Version, start: number, end: number): void {
    const range = contentRange(answer.header('content-range'));
    this.checkVersion(answer, version);
    const size = range?.total ?? (answer.status === 200 ? Number(answer.header('content-length')) : version.byteLength);
    if (size !== version.byteLength) {
      throw downloadChanged(this.remote, `it had ${version.byteLength} bytes and has ${size}`);
    }
    if (answer.status !== 206 || range?.start !== start || range.end !== end) {
      throw new PassingFailure('the server sent another part than the one asked for');
    }
  }

  private checkVersion({ url: { host }, linkedTag, ...answer }: Answer, { validators, ...version }: Version): void {
    const now = validatorOf(answer);
    if (!validators.has(host) && linkedTag !== undefined && linkedTag === version.linkedTag) validators.set(host, now);
    const before = validators.has(host) ? validators.get(host) : [...validators.values()][0];
    if (now === before) return;
    throw downloadChanged(this.remote, `its version was ${before ?? 'unknown'} and is ${now ?? 'unknown'}`);
  }

  private async ask(headers: NonNullable<Ask['headers']>): Promise<Answer> {
    if (this.at !== undefined) {
      try {
        return await this.transfer.http.get(this.remote, { headers, at: this.at });
      } catch (error) {
        if (!(error instanceof NeurodexError) || error.code === 'interrupted') throw error;
        this.at = undefined;
      }
    }
    const answer = await this.transfer.http.get(this.remote, { headers });
    this.at = answer.url.href === new URL(this.remote.url).href ? undefined : answer.url;
    return answer;
  }

  private retried<T>(progress: () => number, work: () => Promise<T>): Promise<T> {
    const { transfer } = this;
    return withRetries(() => transfer.limit(work), retryContext(this.remote, transfer, progress));
  }

  private wrongSize(total: number | undefined): NeurodexError {
    const { bytes } = this.remote;
    const hint = 'its owner has published another file under that address';
    return downloadFailed(
      this.remote,
      `it has ${total ?? 'fewer'} bytes on the server where ${bytes} are expected`,
      hint,
    );
  }
}

/** The body in memory. @param tooLarge thrown beyond `most` bytes; trying again where there is none */
export async function collect(answer: Answer, most: number, tooLarge?: Error): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of answer.body) {
    length += piece.length;
    if (length > most) throw tooLarge ?? new PassingFailure(`the server sent more than ${most} bytes`);
    pieces.push(piece);
  }
  return new Uint8Array(Buffer.concat(pieces));
}
