import { createHash, randomBytes } from 'node:crypto';
import type { PutCondition, PutResult } from '../object-store.ts';
import type { Body, S3Client } from './s3-client.ts';
import { storeError } from './s3-failures.ts';

/** Metadata that tells who put an object: whoever lost the answer to a put under a condition looks here. */
export const putMark = 'x-amz-meta-neurodex-put';

/** Of an etag as it is told; in headers it has quotes. */
const quoted = (etag: string): string => `"${etag}"`;
export const unquoted = (etag: string): string => etag.replace(/^(?:W\/)?"(.*)"$/, '$1');

export function bodyOf(content: string | Uint8Array): Body {
  const bytes = Buffer.from(content);
  return {
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    pieces: async function* () {
      if (bytes.length > 0) yield bytes;
    },
  };
}

/** Puts an object in one request, whole. */
export async function putWhole(
  client: S3Client,
  key: string,
  body: Body,
  condition: PutCondition | undefined,
): Promise<PutResult> {
  const mark = randomBytes(16).toString('hex');
  const answer = await client.send({
    method: 'PUT',
    key,
    body,
    headers: { [putMark]: mark, ...headersOf(condition) },
    ...(condition === undefined ? {} : { accepts: [404, 412, 501] }),
  });
  const { status, mayHaveWorked } = answer;
  if (status === 501) throw unsupported(client, condition);
  if (status === 404 || status === 412) {
    if (!mayHaveWorked) return { written: false };
    // An attempt whose answer was lost may be the other writer.
    const found = await client.send({ method: 'HEAD', key, accepts: [404] });
    if (found.status === 404 || found.header(putMark) !== mark) return { written: false };
    return { written: true, etag: etagOf(client, found.header('etag')) };
  }
  const etag = answer.header('etag') ?? (await client.send({ method: 'HEAD', key })).header('etag');
  return { written: true, etag: etagOf(client, etag) };
}

const headersOf = (condition: PutCondition | undefined): Readonly<Record<string, string>> => {
  if (condition === undefined) return {};
  return condition === 'absent' ? { 'if-none-match': '*' } : { 'if-match': quoted(condition.etag) };
};

/** @throws NeurodexError `store-refused` where a server gave none */
export function etagOf({ settings }: S3Client, header: string | undefined): string {
  if (header !== undefined && header !== '') return unquoted(header);
  throw storeError('store-refused', settings, ': the server gave no etag', 'check AWS_ENDPOINT_URL');
}

const CONDITIONS = { absent: 'If-None-Match: *', etag: 'If-Match' } as const;

export function unsupported({ settings }: S3Client, condition: PutCondition | undefined) {
  const header = CONDITIONS[condition === 'absent' ? 'absent' : 'etag'];
  return storeError(
    'store-unsupported',
    settings,
    `does not keep to ${header} when an object is put, so that two writers could replace each other's work`,
    'use a server that does, as Amazon S3, Cloudflare R2 and current versions of MinIO and Ceph do; or a folder',
  );
}
