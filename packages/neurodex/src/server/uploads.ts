import { z } from 'zod';
import { ApiError } from './api/problems.ts';
import { type SearchByJson, searchByJson } from './api/schemas.ts';
import { formReader } from './forms.ts';
import { JSON_BYTES } from './limits.ts';

/** What a search was sent: bytes of a picture file, the id of a picture, or words. */
export type Sent = { readonly bytes: Uint8Array } | SearchByJson;

/** How a body of one media type is read. */
export interface UploadKind {
  /** Bytes that it may have; undefined: as many as the server takes. */
  readonly largest?: number;
  /** @throws ApiError `body-malformed` */
  read(body: Buffer): Sent;
}

/**
 * How the body of a search is read, by its Content-Type alone.
 * @throws ApiError `type-unsupported`; `body-malformed` for a form without a boundary
 */
export function uploadKind(contentType: string | undefined): UploadKind {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/octet-stream' || /^image\/[\w.+-]+$/.test(type)) return { read: (bytes) => ({ bytes }) };
  if (type === 'application/json') return { largest: JSON_BYTES, read: readJson };
  if (type !== 'multipart/form-data') throw unsupported(type);
  const read = formReader(contentType ?? '');
  return { read: (form) => ({ bytes: read(form) }) };
}

const unsupported = (type: string): ApiError =>
  new ApiError(
    'type-unsupported',
    type === ''
      ? 'the body has no Content-Type'
      : `a body of the type ${JSON.stringify(type.slice(0, 100))} is not read`,
    { hint: 'send the bytes of a picture as image/* or application/octet-stream, a form with one file, or JSON' },
  );

const BY_ID = 'send {"picture": "<id>"} or {"text": "<words>"}';
/** Characters of what is wrong with a query: it repeats names that the query has. */
const TOLD = 300;

function readJson(bytes: Buffer): Sent {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ApiError('body-malformed', 'the body is not valid JSON', { hint: BY_ID, cause: error });
  }
  const parsed = searchByJson.safeParse(value);
  if (parsed.success) return parsed.data;
  const wrong = z.prettifyError(parsed.error).slice(0, TOLD);
  throw new ApiError('body-malformed', `the body is not a query: ${wrong}`, { hint: BY_ID });
}
