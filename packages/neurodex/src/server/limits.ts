/** What a server takes upon itself at most. */
export interface Limits {
  /** Largest body of a request, in bytes. */
  readonly bodyBytes: number;
  /** Largest picture that is decoded, in pixels (width × height of one frame). */
  readonly maxPixels: number;
  /** Bytes of all request bodies in memory at one time; what would be more is refused with 503. */
  readonly allBodyBytes: number;
  /** Searches that are decoded, waiting or ranked at one time; more are refused with 503. */
  readonly queue: number;
  /** Seconds from a search's last byte to its answers; what takes longer is refused with 503. */
  readonly searchSeconds: number;
  /** Seconds that a body may take to arrive, beside a second for every `SLOWEST` bytes of it. */
  readonly requestSeconds: number;
  /** Connections that are open at one time; more are closed at once. */
  readonly connections: number;
  /** Queries that go through a system together. */
  readonly batch: number;
  /** Milliseconds that a query waits for others to go with. */
  readonly batchWindow: number;
  /** Seconds that running requests are given when the server is told to stop. */
  readonly drainSeconds: number;
  /** Seconds that a change waits for another process that changes the index. */
  readonly lockSeconds: number;
  /** Seconds without a change after which other processes may change an index. */
  readonly writerIdleSeconds: number;
}

const MEBIBYTE = 2 ** 20;

export const DEFAULT_LIMITS: Limits = {
  bodyBytes: 16 * MEBIBYTE,
  allBodyBytes: 256 * MEBIBYTE,
  maxPixels: 40_000_000,
  queue: 256,
  searchSeconds: 30,
  requestSeconds: 20,
  connections: 1024,
  batch: 32,
  batchWindow: 3,
  drainSeconds: 30,
  lockSeconds: 5,
  writerIdleSeconds: 5,
};

/** Characters of the name of a picture that is added, and of one of its labels. */
export const NAME_CHARACTERS = 250;
/** Picture files in one form. */
export const FORM_FILES = 500;
/** Largest body of JSON, in bytes: it holds an id. */
export const JSON_BYTES = 64 * 1024;
/** Seconds that the header of a request may take to arrive. */
export const HEADER_SECONDS = 10;
/** Seconds without a byte after which a body that is not complete is given up. */
export const BODY_IDLE_SECONDS = 5;
/** Bytes a second: the slowest client that is waited for, in both directions. */
export const SLOWEST = 32 * 1024;
/** Seconds that an answer may take to be read, beside a second for every `SLOWEST` bytes of it. */
export const WRITE_SECONDS = 20;
/** Seconds and bytes of a refused body that are thrown away, so that its sender can read why. */
export const LINGER_SECONDS = 2;
export const LINGER_BYTES = 64 * MEBIBYTE;
/** Seconds that a connection may be idle between requests. */
export const KEEP_ALIVE_SECONDS = 65;
/** Requests of one connection that may be without an answer at one time (pipelining). */
export const PIPELINED = 16;
/** Seconds that decoding one picture may take. */
export const DECODE_SECONDS = 10;
