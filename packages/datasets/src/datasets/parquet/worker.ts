import { parentPort } from 'node:worker_threads';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { type Compressors, type FileMetaData, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { parquetProblem } from './problems.ts';
import { decompressZstd } from './zstd.ts';

/** What the worker of `ParquetDecoder` is asked: rows of one file, decoded. */
export interface DecodeJob {
  /** Of the file. */
  readonly byteLength: number;
  /** Of the file. */
  readonly metadata: FileMetaData;
  /** That are read. */
  readonly columns: readonly string[];
  /** The first row. */
  readonly rowStart: number;
  /** Behind the last row. */
  readonly rowEnd: number;
  /** Read only the pages that hold the rows. */
  readonly useOffsetIndex: boolean;
}

export type ToWorker = { readonly job: DecodeJob } | { readonly slice: number; readonly bytes: ArrayBuffer };

export type FromWorker =
  | { readonly slice: number; readonly start: number; readonly end: number }
  | { readonly rows: readonly Record<string, unknown>[] }
  | { readonly problem: string }
  | { readonly ready: true };

/** Node's own, where it has them: they know where to stop. Copied, for a pooled buffer must not be handed over. */
const UNLIMITED: Compressors = {
  ...compressors,
  GZIP: (input, length) => new Uint8Array(gunzipSync(input, { maxOutputLength: length })),
  BROTLI: (input, length) => new Uint8Array(brotliDecompressSync(input, { maxOutputLength: length })),
  ZSTD: decompressZstd,
};

/** Pages of one job may have so many bytes together, decompressed; more where the file itself has them. */
const PAGES_FREE = 1 << 28;
const PAGES_RATIO = 50;
/** And never more than these. */
const PAGES_MOST = 3 * 2 ** 30;
/** Characters of the texts of one job: the thread hands over a copy for each row, however many share one in the file. */
const TEXT_MOST = 1 << 28;

/** The codecs, held to a budget: what a page says it becomes is believed only within it. */
function budgeted(): Compressors {
  let packed = 0;
  let unpacked = 0;
  return Object.fromEntries(
    Object.entries(UNLIMITED).map(([name, decompress]) => [
      name,
      (input: Uint8Array, length: number): Uint8Array => {
        packed += input.length;
        unpacked += length;
        const most = Math.min(PAGES_MOST, Math.max(PAGES_FREE, PAGES_RATIO * packed));
        if (!(length >= 0 && unpacked <= most)) {
          throw new Unreadable(
            `its pages have ${packed} bytes and say that they become ${unpacked}; at most ${most} are read at a time`,
          );
        }
        return decompress(input, length);
      },
    ]),
  );
}

/** What is wrong, in our words. */
class Unreadable extends Error {}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const port = parentPort;

const waiting = new Map<number, (bytes: ArrayBuffer) => void>();
let slices = 0;

port?.on('message', (message: ToWorker) => {
  if ('job' in message) return void decode(message.job);
  waiting.get(message.slice)?.(message.bytes);
  waiting.delete(message.slice);
});

port?.postMessage({ ready: true } satisfies FromWorker);

async function decode(job: DecodeJob): Promise<void> {
  try {
    const rows = await parquetReadObjects({
      file: { byteLength: job.byteLength, slice: (start, end = job.byteLength) => ask(start, end) },
      metadata: job.metadata,
      columns: [...job.columns],
      rowStart: job.rowStart,
      rowEnd: job.rowEnd,
      useOffsetIndex: job.useOffsetIndex,
      compressors: budgeted(),
      // Bytes without a text type are bytes. The BOM: a name may begin with U+FEFF, and keeps it.
      utf8: false,
      geoparquet: false,
      parsers: { stringFromBytes: (bytes: Uint8Array | undefined) => bytes && decoder.decode(bytes) },
    });
    const characters = charactersIn(rows);
    if (characters > TEXT_MOST) {
      throw new Unreadable(`its texts have more than ${TEXT_MOST} characters; write smaller row groups`);
    }
    port?.postMessage({ rows } satisfies FromWorker, buffersIn(rows));
  } catch (error) {
    const problem = error instanceof Unreadable ? error.message : parquetProblem(error);
    port?.postMessage({ problem } satisfies FromWorker);
  }
}

function ask(start: number, end: number): Promise<ArrayBuffer> {
  const slice = slices++;
  return new Promise((resolve) => {
    waiting.set(slice, resolve);
    port?.postMessage({ slice, start, end } satisfies FromWorker);
  });
}

/** Stops counting beyond what is allowed. */
function charactersIn(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return 0;
  let sum = 0;
  for (const each of Object.values(value)) {
    sum += charactersIn(each);
    if (sum > TEXT_MOST) break;
  }
  return sum;
}

/** The pages that the values lie in: handed over, not copied. */
function buffersIn(value: unknown, found = new Set<ArrayBuffer>()): ArrayBuffer[] {
  if (value instanceof Uint8Array) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (typeof value === 'object' && value !== null) {
    for (const each of Object.values(value)) buffersIn(each, found);
  }
  return [...found];
}
