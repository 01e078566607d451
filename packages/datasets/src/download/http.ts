import type { LookupFunction } from 'node:net';
import { NeurodexError } from '@neurodex/core';
import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { downloadFailed, fromConnection, fromStatus, hostRefused, mayPass, publicUrl } from './failures.ts';
import { FURTHER_HOSTS, judgeHost, publicLookup, type Resolver } from './hosts.ts';
import { piecesOf } from './pieces.ts';
import type { RemoteFile } from './remote-file.ts';
import { PassingFailure, type Patience, parseRetryAfter } from './retry.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const MAX_REDIRECTS = 10;

/** An answer that can be used: 200, 206 or 416. Its body must be read to the end or dropped. */
export interface Answer {
  readonly status: number;
  /** Where it came from, after redirects. */
  readonly url: URL;
  header(name: string): string | undefined;
  /** What a hub said of the file behind its redirect, wherever that led: its digest, in `X-Linked-ETag`. */
  readonly linkedTag: string | undefined;
  /** The body, piece by piece. Throws PassingFailure when the connection breaks or stalls. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Leave the rest of the body. */
  drop(): void;
}

export interface Ask {
  readonly headers?: Readonly<Record<string, string>>;
  /** Ask here instead of at `remote.url`: where an earlier redirect led. The token does not go there. */
  readonly at?: URL | undefined;
}

/** One GET, redirects followed; failures sorted into those that may pass and those that do not. */
export class Http {
  private readonly environment: Environment;
  private readonly dispatcher: Dispatcher;
  /** Connects to public addresses alone. */
  private readonly guarded: Dispatcher;
  private readonly signal: AbortSignal | undefined;

  /** @param resolve finds the addresses of names: the system, but in tests */
  constructor(environment: Environment, patience: Patience, signal: AbortSignal | undefined, resolve?: Resolver) {
    this.environment = environment;
    this.signal = signal;
    this.dispatcher = proxied(environment, patience);
    this.guarded = proxied(environment, patience, publicLookup(resolve));
  }

  /** @throws PassingFailure, or NeurodexError `download-failed`, `access-denied` */
  async get(remote: RemoteFile, ask: Ask = {}): Promise<Answer> {
    const start = parse(remote.url, undefined, remote);
    const token = ask.at === undefined ? this.token(remote) : '';
    const seen = new Set<string>();
    let linkedTag: string | undefined;
    for (let url = ask.at ?? start; ; ) {
      seen.add(url.href);
      // The token is for the host that it was issued by: a redirect to another one goes without.
      const bearer = token !== '' && url.origin === start.origin ? { authorization: `Bearer ${token}` } : {};
      const response = await this.send(url, { ...ask.headers, ...bearer }, remote);
      const { statusCode: status } = response;
      const header = (name: string): string | undefined => {
        const value = response.headers[name];
        return Array.isArray(value) ? value.join(', ') : value;
      };
      if (status === 200 || status === 206 || status === 416) {
        const body = piecesOf(response.body, (error) => fromConnection(error, remote, url));
        return { status, url, header, linkedTag, body, drop: () => drop(response.body) };
      }
      drop(response.body);
      linkedTag ??= header('x-linked-etag');
      const location = header('location');
      if (status >= 300 && status < 400 && location !== undefined) {
        const next = parse(location, url, remote);
        if (url.protocol === 'https:' && next.protocol === 'http:') {
          throw downloadFailed(remote, `${url.host} redirects to the unencrypted ${publicUrl(next)}`, MIRROR_HINT);
        }
        if (seen.has(next.href) || seen.size > MAX_REDIRECTS) {
          throw downloadFailed(
            remote,
            `${url.host} redirects in a circle, or more than ${MAX_REDIRECTS} times`,
            MIRROR_HINT,
          );
        }
        url = next;
        continue;
      }
      if (mayPass(status)) {
        const reason = status === 429 ? 'the server asks for fewer requests (429)' : `the server answered ${status}`;
        throw new PassingFailure(`${reason} (${url.host})`, { retryAfter: parseRetryAfter(header('retry-after')) });
      }
      throw fromStatus(status, saidBy(header('x-error-message')), remote, url, token);
    }
  }

  /** @throws NeurodexError `download-failed` for a host that may not send the file, before it is asked */
  private dispatcherFor(url: URL, remote: RemoteFile): Dispatcher {
    if (remote.hosts === undefined) return this.dispatcher;
    const verdict = judgeHost(url, remote.hosts, this.environment[FURTHER_HOSTS]);
    if (verdict === 'refused') throw hostRefused(remote, url, remote.hosts);
    return verdict === 'named' ? this.dispatcher : this.guarded;
  }

  private async send(url: URL, headers: Record<string, string>, remote: RemoteFile): Promise<Dispatcher.ResponseData> {
    const dispatcher = this.dispatcherFor(url, remote);
    try {
      return await request(url, {
        dispatcher,
        // Bytes as they are stored: sizes, ranges and digests speak of those.
        headers: { 'user-agent': 'neurodex', accept: '*/*', 'accept-encoding': 'identity', ...headers },
        ...(this.signal === undefined ? {} : { signal: this.signal }),
      });
    } catch (error) {
      throw fromConnection(error, remote, url);
    }
  }

  private token(remote: RemoteFile): string {
    if (remote.gate === undefined) return '';
    const token = this.environment[remote.gate.token]?.trim() ?? '';
    if (/^[\x21-\x7e]*$/.test(token)) return token;
    // Said without the token itself.
    throw new NeurodexError('access-denied', `${remote.gate.token} holds characters that no token has`, {
      hint: `set ${remote.gate.token} to the token alone: one word of letters and digits`,
      details: { name: remote.name, page: remote.gate.page },
    });
  }
}

const MIRROR_HINT = 'check the address of the mirror, if one is set; or give a local copy as the source';

function parse(url: string, base: URL | undefined, remote: RemoteFile): URL {
  const parsed = URL.canParse(url, base?.href) ? new URL(url, base) : undefined;
  if (parsed?.protocol === 'https:' || parsed?.protocol === 'http:') return parsed;
  throw new NeurodexError('download-failed', `${remote.name} cannot be downloaded: its address is not an http(s) URL`, {
    hint: MIRROR_HINT,
    details: { name: remote.name },
  });
}

/** A hub's own words, as a header carries them: one short line. */
const saidBy = (header: string | undefined): string =>
  (header ?? '')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 200);

function drop(body: Dispatcher.ResponseData['body']): void {
  // Whatever still comes of it concerns nobody.
  body.on('error', () => {});
  body.destroy();
}

/** Proxies as the environment names them, lower case first, as curl and Python do. */
function proxied(environment: Environment, patience: Patience, lookup?: LookupFunction): Dispatcher {
  const setting = (name: string): string => {
    const value = (environment[name.toLowerCase()] ?? environment[name] ?? '').trim();
    return value === '' || value.includes('://') ? value : `http://${value}`;
  };
  const [httpProxy, httpsProxy] = [
    setting('HTTP_PROXY') || setting('ALL_PROXY'),
    setting('HTTPS_PROXY') || setting('ALL_PROXY'),
  ];
  for (const [name, value] of Object.entries({ HTTP_PROXY: httpProxy, HTTPS_PROXY: httpsProxy })) {
    if (value === '' || (URL.canParse(value) && /^(https?|socks5?):$/.test(new URL(value).protocol))) continue;
    // Without its value, which may hold a password.
    throw new NeurodexError('download-failed', `${name} is not the address of a proxy`, {
      hint: 'write it as http://host:port or http://user:password@host:port',
    });
  }
  return new EnvHttpProxyAgent({
    httpProxy,
    httpsProxy,
    noProxy: environment.no_proxy ?? environment.NO_PROXY ?? '',
    // Plain HTTP is asked of the proxy itself: many refuse to open a tunnel for it.
    proxyTunnel: false,
    connect: { timeout: patience.connect, ...(lookup === undefined ? {} : { lookup }) },
    headersTimeout: patience.stall,
    bodyTimeout: patience.stall,
  });
}
