import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from './api/problems.ts';

/**
 * Who may ask: everything that a server decides by the header of a request, before it reads anything else. docs/serving.md has the
 * same as a table.
 */

const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/** The head of a request, as far as it says who asks. */
export interface Head {
  readonly method: string;
  /** `1.1` */
  readonly httpVersion: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, repeated ones too. */
  readonly rawHeaders: readonly string[];
  /** Of a target that is an absolute address. */
  readonly authority: string | undefined;
}

export interface AccessOptions {
  /** The address that the server listens on. */
  readonly address: string;
  readonly token?: string | undefined;
  /** For those who change indexes; without one, nobody does. */
  readonly writeToken?: string | undefined;
  /** Origins whose pages may call it. */
  readonly cors: readonly string[];
  /** Other names of this machine. */
  readonly allowHosts: readonly string[];
}

export interface Access {
  /** Of every request. @throws ApiError `request-malformed`, `host-refused`, `origin-refused` */
  check(head: Head): void;
  /** Of what only those with the token may ask. @throws ApiError `token-wrong` */
  checkToken(headers: IncomingHttpHeaders): void;
  /** Of what changes an index. @throws ApiError `token-wrong`, `read-only` */
  checkWriting(headers: IncomingHttpHeaders): void;
}

export function accessPolicy({ address, token, writeToken, cors, allowHosts }: AccessOptions): Access {
  const checkHost = token === undefined && isLoopback(address) ? hostCheck(allowHosts) : undefined;
  const isToken = (given: string, wanted: string | undefined) => wanted !== undefined && sameToken(given, wanted);
  return {
    check(head) {
      const host = hostOf(head);
      if (host !== undefined) checkHost?.(host);
      checkOrigin(head, host, cors);
    },
    checkToken(headers) {
      if (token === undefined) return;
      const given = bearerOf(headers);
      if (!isToken(given, token) && !isToken(given, writeToken)) throw wrongToken(given);
    },
    checkWriting(headers) {
      if (writeToken === undefined) {
        throw new ApiError('read-only', 'this server takes no changes', { hint: 'start it with --write-token' });
      }
      const given = bearerOf(headers);
      if (isToken(given, writeToken)) return;
      if (isToken(given, token)) {
        throw new ApiError('read-only', 'this token is for reading', { hint: 'send the token of --write-token' });
      }
      throw wrongToken(given);
    },
  };
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares in a time that does not depend on where they differ. */
const sameToken = (given: string, wanted: string): boolean => timingSafeEqual(digest(given), digest(wanted));

/** Empty where there is none. */
const bearerOf = ({ authorization = '' }: IncomingHttpHeaders): string =>
  /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '';

const wrongToken = (given: string): ApiError =>
  new ApiError('token-wrong', given === '' ? 'a token is needed' : 'the token is wrong', {
    hint: 'send Authorization: Bearer <token>',
  });

/** `name`, `name:port`, `[address]:port` (RFC 9110 §7.2). */
const HOST = /^(\[[0-9a-f:.%]+\]|[^\s:/?#@[\],\\]+)(:\d{0,5})?$/i;

/**
 * The name and the port that a request is for: those of its target, or else of its one Host header. Undefined where HTTP/1.0 allows
 * it, as load balancers ask for /healthz.
 * @throws ApiError `request-malformed`
 */
function hostOf({ httpVersion, rawHeaders, authority }: Head): string | undefined {
  const given = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === 'host');
  if (given.length > 1) throw new ApiError('request-malformed', 'the request has more than one Host header');
  if (given.length === 0 && httpVersion !== '1.0') {
    throw new ApiError('request-malformed', 'the request has no Host header');
  }
  const host = authority ?? given[0];
  if (host === undefined || HOST.test(host)) return host?.toLowerCase();
  throw new ApiError('request-malformed', `the Host header ${shown(host)} names no host`);
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 100));

/**
 * Refuses names that are not this machine's, where a server is open to whoever reaches it from here: a page on the
 * internet can have its own name point at 127.0.0.1 and would be of the same origin then (DNS rebinding).
 */
function hostCheck(allowed: readonly string[]): (host: string) => void {
  const names = new Set(allowed.map((name) => name.toLowerCase()));
  return (host) => {
    const name = host.replace(/:\d*$/, '');
    if (isLoopback(name) || names.has(name)) return;
    throw new ApiError('host-refused', `this server is not called ${shown(name)}`, {
      hint: 'start it with --allow-host NAME, or with --token',
    });
  };
}

/**
 * Refuses what a page of another origin has a browser send, unless that origin is allowed: searches, and reads as well, for an
 * `<img>` of a foreign page tells whether a picture exists. Browsers say it by Fetch Metadata, where they trust the connection, or
 * by Origin. What has neither comes from a program.
 */
function checkOrigin({ method, headers }: Head, host: string | undefined, allowed: readonly string[]): void {
  const { origin } = headers;
  if (origin !== undefined && allowed.includes(origin)) return;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) {
    if (site === 'same-origin' || site === 'none' || isNavigation(method, headers)) return;
  } else if (origin === undefined || originHost(origin) === withoutDefaultPort(host)) return;
  throw new ApiError('origin-refused', 'pages of other origins may not ask this server', {
    hint: 'start it with --cors ORIGIN',
  });
}

/** A link that was followed: what comes back is shown on its own, and the page that had the link cannot read it. */
const isNavigation = (method: string, headers: IncomingHttpHeaders): boolean =>
  (method === 'GET' || method === 'HEAD') &&
  headers['sec-fetch-mode'] === 'navigate' &&
  headers['sec-fetch-dest'] === 'document';

/** Undefined for `null` and whatever is no origin. A proxy may have taken TLS off, so that the scheme says nothing. */
const originHost = (origin: string): string | undefined =>
  withoutDefaultPort(/^https?:\/\/([^/?#@\s,]+)$/i.exec(origin)?.[1]?.toLowerCase());

const withoutDefaultPort = (host: string | undefined): string | undefined => host?.replace(/:(80|443)?$/, '');
