import type { Reporter } from '../progress.ts';
import type { ByteSource } from '../storage/byte-source.ts';

/** A file on a server, and what is known of it beforehand. */
export interface RemoteFile {
  readonly url: string;
  /** What it is called in messages and progress. */
  readonly name: string;
  readonly bytes?: number;
  /** Hexadecimal. */
  readonly sha256?: string;
  /** Hexadecimal; only where the owner publishes nothing better. */
  readonly md5?: string;
  readonly gate?: Gate;
}

/** A file that only those may have whom its owner has granted access. */
export interface Gate {
  /** Where access is asked for. */
  readonly page: string;
  /** The environment variable whose content is sent as `Authorization: Bearer …`, to the host of the URL and no other. */
  readonly token: 'HF_TOKEN';
}

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
  /** A small body (the JSON of an API, one picture), without the cache. */
  bytes(remote: RemoteFile): Promise<Uint8Array>;
}

export interface DownloadOptions {
  /** The folder that downloads are kept in. */
  readonly cache: string;
  /** HF_TOKEN, HTTP_PROXY, HTTPS_PROXY, NO_PROXY; `process.env` unless told. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly reporter?: Reporter;
  readonly signal?: AbortSignal;
  /** Requests under way at a time; 4 unless told. */
  readonly concurrency?: number;
}

export function createDownloads(_options: DownloadOptions): Downloads {
  throw new Error('in work');
}
