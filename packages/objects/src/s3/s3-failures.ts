import { errorMessage, isRecord, NeurodexError } from '@neurodex/core';
import { PassingFailure, parseRetryAfter } from '../patience.ts';
import type { S3Settings } from './s3-settings.ts';

/** What a server said in place of what it was asked for. */
export interface Refusal {
  readonly status: number;
  /** Of the body: 'NoSuchKey'. Empty where it has none. */
  readonly code: string;
  /** In its own words. */
  readonly message: string;
  header(name: string): string | undefined;
}

/** Codes of Node and undici for a connection that did not stand or did not last, and whether the request may have arrived. */
const PASSING: Readonly<Record<string, readonly [reason: string, mayHaveArrived: boolean]>> = {
  ECONNRESET: ['the connection broke', true],
  ECONNABORTED: ['the connection broke', true],
  EPIPE: ['the connection broke', true],
  ECONNREFUSED: ['the connection was refused', false],
  ETIMEDOUT: ['the connection timed out', true],
  EAI_AGAIN: ['the name server did not answer', false],
  ENETDOWN: ['the network is down', true],
  ENETUNREACH: ['the network cannot be reached', false],
  EHOSTUNREACH: ['the host cannot be reached', false],
  UND_ERR_SOCKET: ['the connection broke', true],
  UND_ERR_CONNECT_TIMEOUT: ['no connection came about in time', false],
  UND_ERR_HEADERS_TIMEOUT: ['the server did not answer in time', true],
  UND_ERR_BODY_TIMEOUT: ['the server stopped sending', true],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['the server sent another number of bytes than it announced', true],
};

const codeOf = (error: unknown): string => {
  const { code, cause }: Readonly<Record<string, unknown>> = isRecord(error) ? error : {};
  if (typeof code === 'string') return code;
  return cause === undefined ? '' : codeOf(cause);
};

/** What a request that threw means: a PassingFailure, or a NeurodexError that says what to do. */
export function fromConnection(error: unknown, settings: S3Settings): Error {
  if (error instanceof NeurodexError || error instanceof PassingFailure) return error;
  const { host } = settings.address;
  const code = codeOf(error);
  const [reason, mayHaveWorked] = PASSING[code] ?? [undefined, true];
  if (reason !== undefined) return new PassingFailure(`${reason} (${host})`, { mayHaveWorked, cause: error });
  if (code.startsWith('HPE_')) return new PassingFailure(`${host} sent something that is not HTTP`, { cause: error });
  const proxyStatus = /Proxy response \((\d+)\)/.exec(errorMessage(error))?.[1];
  if (proxyStatus?.startsWith('5')) return new PassingFailure(`the proxy answered ${proxyStatus}`, { cause: error });
  const [what, hint] =
    proxyStatus !== undefined
      ? [`the proxy answered ${proxyStatus}`, 'check HTTPS_PROXY and HTTP_PROXY, or name the host in NO_PROXY']
      : code === 'ENOTFOUND'
        ? [`there is no host ${host}`, 'check AWS_ENDPOINT_URL, AWS_REGION and the name of the bucket']
        : /CERT|ISSUER|SIGNATURE|SELF_SIGNED|^ERR_(TLS|SSL)|^EPROTO/.test(code)
          ? [
              `the certificate of ${host} is not trusted (${code})`,
              'give its authority with NODE_EXTRA_CA_CERTS=FILE.pem',
            ]
          : [`${errorMessage(error)} (${host})`, 'check AWS_ENDPOINT_URL and the network'];
  return storeError('store-refused', settings, `cannot be used: ${what}`, hint, error);
}

/** 408 and 425: the server gave up on the request; 429: too many; the 5xx that a gateway or a busy server gives. */
const PASSING_STATUS: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 524, 529]);
/** Codes that pass whatever their status. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  ...['RequestTimeout', 'SlowDown', 'Throttling', 'ThrottlingException', 'TooManyRequests', 'InternalError'],
  // Of writers at a time under a condition, and of a body that was damaged on its way.
  ...['ConditionalRequestConflict', 'OperationAborted', 'XAmzContentSHA256Mismatch', 'BadDigest', 'IncompleteBody'],
]);

/** What an answer means that is not the one that was asked for: a PassingFailure, or a NeurodexError that says what to do. */
export function fromRefusal(refusal: Refusal, settings: S3Settings): Error {
  const { status, code } = refusal;
  const said = saidBy(refusal, settings);
  if (PASSING_STATUS.has(status) || PASSING_CODES.has(code)) {
    const reason = status === 429 ? 'the server asks for fewer requests' : 'the server answered';
    return new PassingFailure(`${reason} ${said}`, { retryAfter: parseRetryAfter(refusal.header('retry-after')) });
  }
  if (code === 'NoSuchBucket' || (status === 404 && code === '')) {
    const hint = 'check its name, AWS_ENDPOINT_URL and AWS_REGION; a bucket is made with the tools of its server';
    return storeError(
      'store-missing',
      settings,
      `: there is no bucket ${settings.bucket} at ${settings.address.host}`,
      hint,
    );
  }
  if (status === 401 || status === 403 || /Token/.test(code)) return denied(refusal, settings, said);
  const region = refusal.header('x-amz-bucket-region');
  if ((status >= 300 && status < 400) || code === 'AuthorizationHeaderMalformed') {
    const hint = `set AWS_REGION to ${region ?? 'the region of the bucket'}, and AWS_ENDPOINT_URL to its server`;
    return storeError('store-refused', settings, `is not in the region ${settings.region}: ${said}`, hint);
  }
  const hint = 'check AWS_ENDPOINT_URL: it should lead to a server that speaks S3';
  return storeError('store-refused', settings, `: the server answered ${said}`, hint);
}

function denied({ code }: Refusal, settings: S3Settings, said: string): NeurodexError {
  const hint =
    settings.credentials === undefined
      ? 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'
      : code === 'RequestTimeTooSkewed'
        ? 'set the clock of this machine'
        : code === 'InvalidAccessKeyId' || code === 'SignatureDoesNotMatch'
          ? 'check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'
          : /Token/.test(code)
            ? 'ask for a new AWS_SESSION_TOKEN: they expire'
            : 'ask for the permissions GetObject, PutObject, DeleteObject and ListBucket; without the last, an object that is not there is denied too';
  return storeError('store-denied', settings, `may not be used: the server answered ${said}`, hint);
}

/** @param what begins with ':' or a verb */
export const storeError = (
  code: 'store-missing' | 'store-denied' | 'store-refused' | 'store-unsupported' | 'store-unreachable',
  { place, address, credentials }: S3Settings,
  what: string,
  hint: string,
  cause?: unknown,
): NeurodexError =>
  new NeurodexError(code, withoutSecrets(`${place}${what.startsWith(':') ? '' : ' '}${what}`, credentials), {
    hint,
    details: { place, host: address.host },
    cause,
  });

/** The status, and the server's own words in one short line. */
export function saidBy({ status, code, message }: Refusal, { credentials }: S3Settings): string {
  const words = `${code}${code !== '' && message !== '' ? ': ' : ''}${message}`;
  const line = withoutSecrets(words, credentials)
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 200);
  return line === '' ? `${status}` : `${status} (${line})`;
}

/** A server may repeat what it was sent. */
function withoutSecrets(text: string, credentials: S3Settings['credentials']): string {
  if (credentials === undefined) return text;
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return [secretAccessKey, sessionToken, accessKeyId].reduce<string>(
    (rest, secret) => (secret === undefined ? rest : rest.replaceAll(secret, '…')),
    text,
  );
}
