/** What a server takes upon itself at most. */
export interface Limits {
  /** Largest body of a request, in bytes. */
  readonly bodyBytes: number;
  /** Largest picture that is decoded, in pixels (width × height of one frame). */
  readonly maxPixels: number;
  /** Searches that are received, decoded or waiting at one time; more are refused with 503. */
  readonly queue: number;
  /** Seconds from a search's first byte to its answers; what takes longer is refused with 503. */
  readonly searchSeconds: number;
  /** Seconds that a request may take to arrive. */
  readonly requestSeconds: number;
  /** Connections that are open at one time; more are closed at once. */
  readonly connections: number;
  /** Queries that go through a system together. */
  readonly batch: number;
  /** Milliseconds that a query waits for others to go with. */
  readonly batchWindow: number;
  /** Seconds that running requests are given when the server is told to stop. */
  readonly drainSeconds: number;
}

const MEBIBYTE = 2 ** 20;

export const DEFAULT_LIMITS: Limits = {
  bodyBytes: 16 * MEBIBYTE,
  maxPixels: 40_000_000,
  queue: 256,
  searchSeconds: 30,
  requestSeconds: 20,
  connections: 1024,
  batch: 32,
  batchWindow: 3,
  drainSeconds: 30,
};

/** Bodies that are held in memory at one time, as a multiple of the largest. */
export const BODIES_AT_ONCE = 16;
/** Seconds that the header of a request may take to arrive. */
export const HEADER_SECONDS = 10;
/** Seconds that a connection may be idle between requests. */
export const KEEP_ALIVE_SECONDS = 65;
/** Seconds that decoding one picture may take. */
export const DECODE_SECONDS = 10;
