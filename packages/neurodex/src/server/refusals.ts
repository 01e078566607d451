import { STATUS_CODES } from 'node:http';
import { isRecord, NeurodexError } from '@neurodex/core';
import { formatList } from '@neurodex/datasets/formats';
import { ApiError, isTold, PROBLEMS, type ProblemCode } from './api/problems.ts';
import type { Problem } from './api/schemas.ts';
import { REPLACED } from './report-desk.ts';

/** What Fastify refuses, by its codes. */
const OF_FASTIFY: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body-too-large', 'the body is larger than this server takes'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['type-unsupported', 'a body of that Content-Type is not read'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['body-malformed', 'the body is not as long as its Content-Length says'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['body-malformed', 'the body is empty'],
  FST_ERR_BAD_URL: ['request-malformed', 'the address cannot be decoded'],
  FST_ERR_MAX_PARAM_LENGTH: ['address-too-long', 'the address is too long'],
};

/** What Node's HTTP parser refuses, by its codes. */
const OF_PARSER: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers-too-large', 'the header is larger than this server takes'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request-timeout', 'the request took too long to arrive'],
};

/** Hints for people who cannot change the server's configuration. */
const HINTS: Partial<Record<ProblemCode, string>> = {
  'picture-empty': 'send the bytes of a picture file',
  'picture-not-an-image': `send a ${formatList} file`,
  'picture-unsupported': 'send it as an 8-bit or 16-bit RGB or greyscale picture',
  'picture-damaged': 'the file may have been cut short when it was copied; send another one',
  'picture-too-large': 'scale it down',
  'picture-changed': 'send it under another name, or remove that picture first',
};

/**
 * An error as whoever sent the request may know it; undefined for a fault of the server, of which they are told
 * nothing but that there was one.
 */
export function refusalOf(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (error instanceof NeurodexError) {
    if (error.code === 'index-replaced') return new ApiError(error.code, REPLACED, { cause: error });
    if (!isTold(error.code)) return undefined;
    const hint = HINTS[error.code] ?? error.hint;
    return new ApiError(error.code, error.message, { cause: error, ...(hint === undefined ? {} : { hint }) });
  }
  const { code, statusCode }: Readonly<Record<string, unknown>> = isRecord(error) ? error : {};
  const known = OF_FASTIFY[String(code)];
  if (known !== undefined) return new ApiError(...known);
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new ApiError('request-malformed', 'the request cannot be read');
  }
  return undefined;
}

export const internal = (): ApiError => new ApiError('internal', 'the server failed to answer; its log says why');

export function problemOf({ code, message, hint, status }: ApiError): Problem {
  const { title } = PROBLEMS[code];
  return { type: 'about:blank', title, status, detail: message, code, ...(hint === undefined ? {} : { hint }) };
}

export const headersOf = ({ status, retryAfter }: ApiError): Record<string, string> => ({
  ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
  ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
});

/** The whole answer to bytes that are no request. */
export function rawAnswer(parserCode: string | undefined): string {
  const known = OF_PARSER[parserCode ?? ''] ?? (['request-malformed', 'this is no HTTP request'] as const);
  const refusal = new ApiError(...known);
  const body = JSON.stringify(problemOf(refusal));
  return [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'X-Content-Type-Options: nosniff',
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
