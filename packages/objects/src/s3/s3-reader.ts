import type { ByteRange, ObjectStat } from '../object-store.ts';
import { PassingFailure } from '../patience.ts';
import { inParallel } from './in-parallel.ts';
import type { S3Client } from './s3-client.ts';
import { storeError } from './s3-failures.ts';
import { etagOf } from './single-put.ts';

/** Bytes of one request, and how many requests of an object there are at a time. */
export const PIECE_BYTES = 8 << 20;
const WIDTH = 4;
/** Reads of an object that is replaced all the time before it is given up. */
const TRIES = 5;

interface Piece extends ObjectStat {
  readonly content: Uint8Array;
}

/** What takes the bytes of an object. */
export interface Sink {
  /** Told before any bytes come, and again where the object was replaced meanwhile: what came before is void. */
  begin(bytes: number): Promise<void>;
  /** @param position from the start of the range */
  write(content: Uint8Array, position: number): Promise<void>;
}

/**
 * Reads a range of an object, a piece at a time, each tried again by itself; all of them are of one content.
 * @returns size and etag of the object; undefined where there is none
 */
export async function readObject(
  client: S3Client,
  key: string,
  range: ByteRange,
  sink: Sink,
): Promise<ObjectStat | undefined> {
  for (let tries = 0; tries < TRIES; tries++) {
    const first = await readPiece(client, key, range.start, Math.min(range.end, range.start + PIECE_BYTES));
    if (first === undefined || first === 'changed') return undefined;
    const { bytes, etag, content } = first;
    const end = Math.max(range.start, Math.min(range.end, bytes));
    await sink.begin(end - range.start);
    await sink.write(content, 0);
    const further = Math.ceil(Math.max(0, end - range.start - content.length) / PIECE_BYTES);
    let isChanged = false;
    await inParallel(further, WIDTH, client.signal, async (i, signal) => {
      const from = range.start + content.length + i * PIECE_BYTES;
      if (isChanged) return;
      const piece = await readPiece(client, key, from, Math.min(end, from + PIECE_BYTES), etag, signal);
      if (piece === undefined || piece === 'changed') isChanged = true;
      else await sink.write(piece.content, from - range.start);
    });
    if (!isChanged) return { bytes, etag };
  }
  const hint = 'another program writes to it; stop that, or try again later';
  throw storeError('store-refused', client.settings, `: the object ${key} is replaced whenever it is read`, hint);
}

/**
 * Size and etag of an object; undefined where there is none. Its first byte is asked for: an answer to HEAD has no body that
 * would tell an object that is not there from a bucket that is not, or a key that has expired from another refusal.
 */
export async function statObject(client: S3Client, key: string): Promise<ObjectStat | undefined> {
  const piece = await readPiece(client, key, 0, 1);
  return piece === undefined || piece === 'changed' ? undefined : { bytes: piece.bytes, etag: piece.etag };
}

async function readPiece(
  client: S3Client,
  key: string,
  start: number,
  end: number,
  etag?: string,
  signal?: AbortSignal,
): Promise<Piece | 'changed' | undefined> {
  // A header cannot say a range of no bytes.
  const last = Math.max(end, start + 1) - 1;
  const answer = await client.send({
    method: 'GET',
    key,
    headers: { range: `bytes=${start}-${last}`, ...(etag === undefined ? {} : { 'if-match': `"${etag}"` }) },
    accepts: [404, 412, 416],
    most: last + 1 - start,
    check: ({ status, header, body }) => checkPiece(start, last, status, header('content-range'), body),
    signal,
  });
  if (answer.status === 404) return undefined;
  if (answer.status === 412) return 'changed';
  if (answer.status === 416) return await readNothing(client, key);
  const own = etagOf(client, answer.header('etag'));
  // Of a server that does not look at If-Match.
  if (etag !== undefined && own !== etag) return 'changed';
  const whole = answer.status === 200 && start === 0 ? answer.body.length : undefined;
  const bytes = answer.status === 206 ? sizeIn(answer.header('content-range'))?.bytes : whole;
  if (bytes === undefined) throw notS3(client);
  return { content: answer.body.subarray(0, end - start), bytes, etag: own };
}

/** Of a range behind the end of an object, or of an empty one. */
async function readNothing(client: S3Client, key: string): Promise<Piece | undefined> {
  const answer = await client.send({ method: 'HEAD', key, accepts: [404] });
  if (answer.status === 404) return undefined;
  const bytes = Number(answer.header('content-length') ?? Number.NaN);
  if (!Number.isSafeInteger(bytes)) throw notS3(client);
  return { content: new Uint8Array(), bytes, etag: etagOf(client, answer.header('etag')) };
}

/** `bytes 0-9/100` */
function sizeIn(
  header: string | undefined,
): { readonly from: number; readonly to: number; readonly bytes: number } | undefined {
  const [, from, to, bytes] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header ?? '') ?? [];
  return bytes === undefined ? undefined : { from: Number(from), to: Number(to), bytes: Number(bytes) };
}

/** @throws PassingFailure where an answer has other bytes than it says */
function checkPiece(start: number, last: number, status: number, header: string | undefined, body: Uint8Array): void {
  const range = status === 206 ? sizeIn(header) : undefined;
  if (range === undefined) return;
  const { from, to, bytes } = range;
  if (from === start && to === Math.min(last, bytes - 1) && body.length === to + 1 - from) return;
  throw new PassingFailure(`the server sent ${body.length} bytes and called them bytes ${from} to ${to} of ${bytes}`);
}

const notS3 = ({ settings }: S3Client) =>
  storeError(
    'store-refused',
    settings,
    ': the server sent another range of an object than it was asked for',
    'check AWS_ENDPOINT_URL: it should lead to a server that speaks S3',
  );
