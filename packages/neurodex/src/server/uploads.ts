import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { z } from 'zod';
import { ApiError } from './api/problems.ts';
import { searchByPicture } from './api/schemas.ts';

/** What a search was sent: bytes of a picture file, or the id of a picture. */
export type Sent = { readonly bytes: Uint8Array } | { readonly picture: string };

/** The body of a search by its media type. @throws ApiError `body-malformed`, `type-unsupported` */
export async function readUpload(body: Buffer | undefined, contentType: string | undefined): Promise<Sent> {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const bytes = body ?? Buffer.alloc(0);
  if (type === 'application/octet-stream' || /^image\/[\w.+-]+$/.test(type)) return { bytes };
  if (type === 'application/json') return readJson(bytes);
  if (type === 'multipart/form-data') return { bytes: await readForm(bytes, contentType ?? '') };
  throw unsupported(type);
}

export const unsupported = (type: string): ApiError =>
  new ApiError(
    'type-unsupported',
    type === ''
      ? 'the body has no Content-Type'
      : `a body of the type ${JSON.stringify(type.slice(0, 100))} is not read`,
    { hint: 'send the bytes of a picture as image/* or application/octet-stream, a form with one file, or JSON' },
  );

const malformed = (message: string, hint: string, cause?: unknown): ApiError =>
  new ApiError('body-malformed', message, { hint, ...(cause === undefined ? {} : { cause }) });

function readJson(bytes: Buffer): Sent {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw malformed('the body is not valid JSON', 'send {"picture": "<id>"}', error);
  }
  const parsed = searchByPicture.safeParse(value);
  if (parsed.success) return parsed.data;
  throw malformed(`the body is not a query: ${z.prettifyError(parsed.error)}`, 'send {"picture": "<id>"}');
}

const ONE_FILE = 'send one file, in the field picture';

/** The one file of a form, in the field `picture`. The form is in memory, so that no stream is left open by anything in it. */
function readForm(form: Buffer, contentType: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let files = 0;
    const refuse = (message: string, cause?: unknown): void => reject(malformed(message, ONE_FILE, cause));
    let parser: BusboyInstance;
    try {
      parser = new Busboy({
        headers: { 'content-type': contentType },
        limits: { files: 1, fields: 0, parts: 2, headerPairs: 20, headerSize: 8192 },
      });
    } catch (error) {
      refuse('the form has no boundary', error);
      return;
    }
    parser.on('file', (field: string, file: NodeJS.ReadableStream) => {
      files++;
      if (field !== 'picture') refuse(`the form has a file in the field ${JSON.stringify(field.slice(0, 50))}`);
      file.on('data', (chunk: Buffer) => chunks.push(chunk));
      file.on('error', (error: unknown) => refuse('the form ends too early', error));
    });
    parser.on('filesLimit', () => refuse('the form has more than one file'));
    parser.on('fieldsLimit', () => refuse('the form has fields beside the file'));
    parser.on('partsLimit', () => refuse('the form has more than one part'));
    parser.on('error', (error: unknown) => refuse('the form cannot be read', error));
    parser.on('finish', () => {
      if (files === 0) refuse('the form has no file');
      else resolve(Buffer.concat(chunks));
    });
    parser.end(form);
  });
}
