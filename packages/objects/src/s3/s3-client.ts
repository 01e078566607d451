import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { NeurodexError, type Reporter } from '@neurodex/core';
import { AwsV4Signer } from 'aws4fetch';
import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { PassingFailure, type Patience, timeLimit, withRetries } from '../patience.ts';
import { parseAnswer, textOf } from './s3-answers.ts';
import { fromConnection, fromRefusal, type Refusal, storeError } from './s3-failures.ts';
import type { Environment, S3Settings } from './s3-settings.ts';

/** What is sent with a request; each attempt sends it again. */
export interface Body {
  readonly bytes: number;
  /** Hexadecimal. The server compares it with what arrives. */
  readonly sha256: string;
  pieces(): AsyncIterable<Uint8Array>;
}

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Of the bucket; undefined for the bucket itself. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body;
  /** Statuses other than 2xx that are handed back; a bucket that is not there is an error in any case. */
  readonly accepts?: readonly number[];
  /** Looks at an answer that is handed back. @throws PassingFailure for one that is not whole */
  readonly check?: (answer: Refusal & { readonly body: Uint8Array }) => void;
  /** The most bytes of a body that are taken. */
  readonly most?: number;
  /** In place of that of the client. */
  readonly signal?: AbortSignal | undefined;
}

export interface S3Answer extends Refusal {
  readonly body: Uint8Array;
  /** Whether an attempt that failed before this answer may have had its effect. */
  readonly mayHaveWorked: boolean;
}

export interface S3ClientOptions {
  readonly environment: Environment;
  readonly patience: Patience;
  readonly reporter: Reporter;
  readonly signal: AbortSignal | undefined;
}

/** Answers other than objects: a page of a listing has about a quarter of this. */
const MOST_BYTES = 4 << 20;
const EMPTY_SHA256 = createHash('sha256').digest('hex');

/** Signed requests to one bucket, tried again while they fail in a way that may pass. */
export class S3Client {
  readonly settings: S3Settings;
  private readonly options: S3ClientOptions;
  private readonly dispatcher: Dispatcher;
  /** Keys that are derived for a day. */
  private readonly derived = new Map<string, ArrayBuffer>();

  constructor(settings: S3Settings, options: S3ClientOptions) {
    this.settings = settings;
    this.options = options;
    this.dispatcher = dispatcherOf(options);
  }

  get patience(): Patience {
    return this.options.patience;
  }

  get reporter(): Reporter {
    return this.options.reporter;
  }

  get signal(): AbortSignal | undefined {
    return this.options.signal;
  }

  /** @throws NeurodexError `store-*`, `interrupted` */
  send(wanted: S3Request): Promise<S3Answer> {
    const { patience, reporter } = this.options;
    const { place, address } = this.settings;
    const signal = wanted.signal ?? this.options.signal;
    return withRetries(async (_, mayHaveWorked) => await this.attempt(wanted, signal, mayHaveWorked), {
      name: place,
      patience,
      reporter,
      signal,
      giveUp: (failure, attempts, seconds) =>
        storeError(
          'store-unreachable',
          this.settings,
          `cannot be reached: ${failure.message}, ${attempts === 1 ? 'once' : `${attempts} times`} within ${Math.round(seconds)} s`,
          `check the network and the server at ${address.host}, then run the command again`,
          failure,
        ),
    });
  }

  private async attempt(wanted: S3Request, signal: AbortSignal | undefined, mayHaveWorked: boolean): Promise<S3Answer> {
    const { method, body, accepts = [], most = MOST_BYTES } = wanted;
    const url = urlOf(this.settings.address, wanted);
    const limit = timeLimit(this.patience, Math.max(body?.bytes ?? 0, wanted.most ?? 0));
    const timer = new AbortController();
    const stop = (): void => timer.abort(signal?.reason);
    signal?.addEventListener('abort', stop, { once: true });
    const timeout = setTimeout(() => timer.abort(new PassingFailure(`no whole answer in ${limit / 1000} s`)), limit);
    try {
      const response = await request(url, {
        dispatcher: this.dispatcher,
        method,
        headers: await this.headersOf(wanted, url),
        body: body === undefined ? null : Readable.from(body.pieces(), { objectMode: false }),
        signal: timer.signal,
      });
      const bytes = await readBody(response, response.statusCode < 300 ? most : MOST_BYTES, method === 'HEAD');
      const header = (name: string): string | undefined => {
        const value = response.headers[name];
        return Array.isArray(value) ? value.join(', ') : value;
      };
      const { statusCode: status } = response;
      const isGood = status >= 200 && status < 300;
      const answer = {
        status,
        header,
        body: bytes,
        mayHaveWorked,
        ...(isGood ? { code: '', message: '' } : told(bytes)),
      };
      // Another server's 404 has no code of S3.
      const isAccepted = accepts.includes(status) && (status !== 404 || method === 'HEAD' || answer.code !== '');
      if (!isGood && (!isAccepted || answer.code === 'NoSuchBucket')) throw fromRefusal(answer, this.settings);
      wanted.check?.(answer);
      return answer;
    } catch (error) {
      if (timer.signal.aborted && timer.signal.reason instanceof PassingFailure) throw timer.signal.reason;
      throw fromConnection(error, this.settings);
    } finally {
      clearTimeout(timeout);
      signal?.removeEventListener('abort', stop);
    }
  }

  private async headersOf({ method, headers, body }: S3Request, url: URL): Promise<Record<string, string>> {
    const { credentials, region } = this.settings;
    const plain: Record<string, string> = {
      ...headers,
      'user-agent': 'neurodex',
      // Bytes as they are stored: sizes and ranges speak of those.
      'accept-encoding': 'identity',
      'x-amz-content-sha256': body?.sha256 ?? EMPTY_SHA256,
    };
    const length: Record<string, string> = body === undefined ? {} : { 'content-length': String(body.bytes) };
    if (credentials === undefined) return { ...plain, ...length };
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const signer = new AwsV4Signer({
      method,
      url: url.href,
      headers: plain,
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      service: 's3',
      region,
      cache: this.derived,
    });
    const signed = await signer.sign();
    return { ...Object.fromEntries(new Headers(signed.headers)), ...length };
  }
}

/** Everything but what RFC 3986 leaves as it is, as signatures have it. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

function urlOf(address: URL, { key, query = {} }: S3Request): URL {
  const path = key === undefined ? '' : key.split('/').map(encoded).join('/');
  const search = Object.entries(query).map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
  // Some servers take a bucket with a '/' behind it for an object without a name.
  const base = key === undefined && address.pathname !== '/' ? address.href.slice(0, -1) : address.href;
  return new URL(`${base}${path}${search.length === 0 ? '' : `?${search.join('&')}`}`);
}

function told(body: Uint8Array): { readonly code: string; readonly message: string } {
  const root = parseAnswer(new TextDecoder().decode(body));
  if (root?.name !== 'Error') return { code: '', message: '' };
  return { code: textOf(root, 'Code') ?? '', message: textOf(root, 'Message') ?? '' };
}

async function readBody(
  { body, headers }: Dispatcher.ResponseData,
  most: number,
  isHead: boolean,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > most) {
      body.on('error', () => {}).destroy();
      throw new PassingFailure(`the server sent more than the ${most} bytes that it was asked for`);
    }
    pieces.push(piece);
  }
  const announced = Number(headers['content-length'] ?? bytes);
  if (!isHead && announced !== bytes) throw new PassingFailure(`the server sent ${bytes} of ${announced} bytes`);
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
}

/** Proxies as the environment names them, lower case first, as curl and Python do. */
function dispatcherOf({ environment, patience }: S3ClientOptions): Dispatcher {
  const setting = (name: string): string => {
    const value = (environment[name.toLowerCase()] ?? environment[name] ?? '').trim();
    return value === '' || value.includes('://') ? value : `http://${value}`;
  };
  const [httpProxy, httpsProxy] = ['HTTP_PROXY', 'HTTPS_PROXY'].map((name) => {
    const value = setting(name);
    if (value === '' || URL.canParse(value)) return value;
    // Without its value, which may hold a password.
    throw new NeurodexError('usage', `${name} is not the address of a proxy`, { hint: 'write it as http://host:port' });
  });
  return new EnvHttpProxyAgent({
    httpProxy: httpProxy ?? '',
    httpsProxy: httpsProxy ?? '',
    noProxy: environment.no_proxy ?? environment.NO_PROXY ?? '',
    proxyTunnel: false,
    connect: { timeout: patience.connect },
    headersTimeout: patience.stall,
    bodyTimeout: patience.stall,
  });
}
