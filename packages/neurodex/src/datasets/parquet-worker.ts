import { parentPort } from 'node:worker_threads';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { type Compressors, type FileMetaData, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

/** What the worker of `ParquetDecoder` is asked: rows of one file, decoded. */
export interface DecodeJob {
  readonly byteLength: number;
  readonly metadata: FileMetaData;
  readonly columns: readonly string[];
  readonly rowStart: number;
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
const COMPRESSORS: Compressors = {
  ...compressors,
  GZIP: (input, length) => new Uint8Array(gunzipSync(input, { maxOutputLength: length })),
  BROTLI: (input, length) => new Uint8Array(brotliDecompressSync(input, { maxOutputLength: length })),
};

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
      compressors: COMPRESSORS,
      // Bytes without a text type are bytes. The BOM: a name may begin with U+FEFF, and keeps it.
      utf8: false,
      geoparquet: false,
      parsers: { stringFromBytes: (bytes: Uint8Array | undefined) => bytes && decoder.decode(bytes) },
    });
    port?.postMessage({ rows } satisfies FromWorker, buffersIn(rows));
  } catch (error) {
    port?.postMessage({ problem: error instanceof Error ? error.message : String(error) } satisfies FromWorker);
  }
}

function ask(start: number, end: number): Promise<ArrayBuffer> {
  const slice = slices++;
  return new Promise((resolve) => {
    waiting.set(slice, resolve);
    port?.postMessage({ slice, start, end } satisfies FromWorker);
  });
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
