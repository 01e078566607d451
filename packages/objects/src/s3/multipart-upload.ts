import { randomBytes } from 'node:crypto';
import { PassingFailure, withRetries } from '../patience.ts';
import type { ContentSource } from './content-source.ts';
import { inParallel } from './in-parallel.ts';
import { completeUploadBody, parseAnswer, parseUploadId, textOf } from './s3-answers.ts';
import type { Body, S3Client } from './s3-client.ts';
import { storeError } from './s3-failures.ts';
import { bodyOf, putMark } from './single-put.ts';

/** What is larger is sent in parts of this size, or of a larger one where S3's limit on their number asks for it. */
export const PART_BYTES = 16 << 20;
const MOST_PARTS = 10_000;
/** Parts that are sent at a time. */
const WIDTH = 4;
/** Milliseconds for which an upload that failed is cleaned up. */
const CLEAN_UP = 10_000;

/** Sends a large object in parts, each tried again by itself. @returns its etag; undefined where the server gives none */
export async function uploadInParts(client: S3Client, key: string, source: ContentSource): Promise<string | undefined> {
  const mark = randomBytes(16).toString('hex');
  const { body } = await client.send({ method: 'POST', key, query: { uploads: '' }, headers: { [putMark]: mark } });
  const uploadId = parseUploadId(new TextDecoder().decode(body));
  if (uploadId === undefined) throw notS3(client, 'began no upload in parts');
  try {
    const size = Math.max(PART_BYTES, Math.ceil(source.bytes / MOST_PARTS));
    const etags: string[] = [];
    await inParallel(Math.ceil(source.bytes / size), WIDTH, client.signal, async (i, signal) => {
      const part = await source.part(i * size, Math.min((i + 1) * size, source.bytes));
      const query = { partNumber: String(i + 1), uploadId };
      const answer = await client.send({ method: 'PUT', key, query, body: part, signal });
      const etag = answer.header('etag');
      if (etag === undefined) throw notS3(client, 'gave no etag of a part');
      etags[i] = etag;
    });
    return await complete(client, key, uploadId, mark, bodyOf(completeUploadBody(etags)));
  } catch (error) {
    await abort(client, key, uploadId);
    throw error;
  }
}

/** The server may say that all is well before it is, and tell a failure in the body. */
async function complete(client: S3Client, key: string, uploadId: string, mark: string, body: Body) {
  const { settings, patience } = client;
  return await withRetries(
    async () => {
      const answer = await client.send({ method: 'POST', key, query: { uploadId }, body, accepts: [404] });
      const root = parseAnswer(new TextDecoder().decode(answer.body));
      // Servers call the root of a good answer by several names.
      const etag = root === undefined ? undefined : textOf(root, 'ETag');
      if (etag !== undefined && etag !== '') return etag;
      const code = root?.name === 'Error' ? (textOf(root, 'Code') ?? '') : '';
      if (code === 'NoSuchUpload' && answer.mayHaveWorked) {
        // An attempt whose answer was lost has completed it.
        const found = await client.send({ method: 'HEAD', key, accepts: [404] });
        if (found.header(putMark) === mark) return found.header('etag');
      }
      if (answer.status === 200 && root !== undefined)
        throw new PassingFailure(`the upload was not completed (${code})`);
      throw notS3(client, `did not complete an upload${code === '' ? '' : `: ${code}`}`);
    },
    {
      name: settings.place,
      patience,
      reporter: client.reporter,
      signal: client.signal,
      giveUp: (failure) =>
        storeError('store-unreachable', settings, `cannot be written: ${failure.message}`, 'try again later', failure),
    },
  );
}

/** Parts of an upload that is not completed cost space until it is given up. */
async function abort(client: S3Client, key: string, uploadId: string): Promise<void> {
  const signal = AbortSignal.timeout(CLEAN_UP);
  await client.send({ method: 'DELETE', key, query: { uploadId }, accepts: [404], signal }).catch(() => {});
}

const notS3 = (client: S3Client, what: string) =>
  storeError('store-refused', client.settings, `cannot be written: the server ${what}`, 'check AWS_ENDPOINT_URL');
