import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { ApiError } from './api/problems.ts';

const ONE_FILE = 'send one file, in the field picture';

const malformed = (message: string, cause?: unknown): ApiError =>
  new ApiError('body-malformed', message, { hint: ONE_FILE, ...(cause === undefined ? {} : { cause }) });

/**
 * Reads forms of one Content-Type, which has to name their boundary: each has one file, in the field `picture`. A form is in memory
 * as a whole, so that no stream is left open by anything in it.
 * @throws ApiError `body-malformed`, now and for each form
 */
export function formReader(contentType: string): (form: Buffer) => Promise<Uint8Array> {
  let parser: BusboyInstance;
  try {
    parser = new Busboy({
      headers: { 'content-type': contentType },
      limits: { files: 1, fields: 0, parts: 2, headerPairs: 20, headerSize: 8192 },
    });
  } catch (error) {
    throw malformed('the form has no boundary', error);
  }
  return (form) => readForm(form, parser);
}

function readForm(form: Buffer, parser: BusboyInstance): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let files = 0;
    const refuse = (message: string, cause?: unknown): void => reject(malformed(message, cause));
    parser.on('file', (field: string, file: NodeJS.ReadableStream) => {
      files++;
      if (field !== 'picture') refuse(`the form has a file in the field ${JSON.stringify(String(field).slice(0, 50))}`);
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
    // Some forms make the parser throw where others make it tell of an error.
    try {
      parser.end(form);
    } catch (error) {
      refuse('the form cannot be read', error);
    }
  });
}
