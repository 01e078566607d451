import { isIP } from 'node:net';
import { errorMessage, isRecord, NeurodexError } from '@neurodex/core';
import { FURTHER_HOSTS, type HostRules, isPublicAddress, PRIVATE_ADDRESS } from './hosts.ts';
import type { RemoteFile } from './remote-file.ts';
import { PassingFailure } from './retry.ts';

/** A URL for people: without what may be secret in it (user, password, signatures in the query). */
export function publicUrl(url: string | URL): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

export const NETWORK_HINT =
  'check the network and the proxy settings (HTTPS_PROXY, HTTP_PROXY, NO_PROXY); what was fetched is kept, and the next run goes on from there';

export function downloadFailed(remote: RemoteFile, what: string, hint: string, cause?: unknown): NeurodexError {
  return new NeurodexError('download-failed', `${remote.name} cannot be downloaded: ${what}`, {
    hint,
    details: { name: remote.name, url: publicUrl(remote.url) },
    cause,
  });
}

/** A server that the data, or another server, leads to, and that is none of the data set's. */
export function hostRefused(remote: RemoteFile, url: URL, { names, named }: HostRules): NeurodexError {
  const address = url.hostname.replace(/^\[|\]$/g, '');
  const isPrivate = isIP(address) !== 0 ? !isPublicAddress(address) : address === 'localhost';
  const what = isPrivate ? 'this machine or a private network' : 'a server that is not of the data set';
  const own = [...(named === undefined ? [] : [new URL(named).host]), ...names];
  return downloadFailed(
    remote,
    `its address leads to ${url.host}: ${what} (allowed: ${own.join(', ')})`,
    `if you trust that server, name it in ${FURTHER_HOSTS}; or put the files on this machine`,
  );
}

export function downloadChanged(remote: RemoteFile, what: string): NeurodexError {
  return new NeurodexError('download-changed', `${remote.name} changed on the server while it was read: ${what}`, {
    hint: 'run the command again, so that all of it is read from the new one',
    details: { name: remote.name, url: publicUrl(remote.url) },
  });
}

/** Codes of Node and undici for a connection that did not stand or did not last. */
const PASSING: Readonly<Record<string, string>> = {
  ECONNRESET: 'the connection broke',
  ECONNABORTED: 'the connection broke',
  EPIPE: 'the connection broke',
  ECONNREFUSED: 'the connection was refused',
  ETIMEDOUT: 'the connection timed out',
  EAI_AGAIN: 'the name server did not answer',
  ENETDOWN: 'the network is down',
  ENETUNREACH: 'the network cannot be reached',
  EHOSTUNREACH: 'the host cannot be reached',
  UND_ERR_SOCKET: 'the connection broke',
  UND_ERR_CONNECT_TIMEOUT: 'no connection came about in time',
  UND_ERR_HEADERS_TIMEOUT: 'the server did not answer in time',
  UND_ERR_BODY_TIMEOUT: 'the server stopped sending',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the server sent another number of bytes than it announced',
};

const codeOf = (error: unknown): string => {
  const { code, cause }: Readonly<Record<string, unknown>> = isRecord(error) ? error : {};
  if (typeof code === 'string') return code;
  return cause === undefined ? '' : codeOf(cause);
};

/** What a request that threw means: a PassingFailure, or a NeurodexError that says what to do. */
export function fromConnection(error: unknown, remote: RemoteFile, url: URL): Error {
  if (error instanceof NeurodexError || error instanceof PassingFailure) return error;
  const code = codeOf(error);
  const at = url.host;
  const proxyStatus = /Proxy response \((\d+)\)/.exec(errorMessage(error))?.[1];
  if (proxyStatus !== undefined) {
    if (proxyStatus.startsWith('5')) return new PassingFailure(`the proxy answered ${proxyStatus}`, { cause: error });
    const hint = 'check HTTPS_PROXY and HTTP_PROXY (http://user:password@host:port), or name the host in NO_PROXY';
    return downloadFailed(remote, `the proxy answered ${proxyStatus} for ${at}`, hint, error);
  }
  if (code === PRIVATE_ADDRESS) {
    const hint = `if you trust that server, name it in ${FURTHER_HOSTS}`;
    return downloadFailed(remote, `the name ${at} leads to this machine or a private network`, hint, error);
  }
  const passing = PASSING[code] ?? (code.startsWith('HPE_') ? 'the server sent something that is not HTTP' : undefined);
  if (passing !== undefined) return new PassingFailure(`${passing} (${at})`, { cause: error });
  if (code === 'ENOTFOUND') return downloadFailed(remote, `there is no host ${at}`, NETWORK_HINT, error);
  if (/CERT|ISSUER|SIGNATURE|SELF_SIGNED|^ERR_(TLS|SSL)|^EPROTO/.test(code)) {
    const hint = 'where a proxy opens encrypted connections, give its certificate with NODE_EXTRA_CA_CERTS=FILE.pem';
    return downloadFailed(remote, `the certificate of ${at} is not trusted (${code})`, hint, error);
  }
  return downloadFailed(remote, `${errorMessage(error)} (${at})`, NETWORK_HINT, error);
}

/** Whether a download failed because nobody answered, rather than because of the answer. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof NeurodexError &&
  error.code === 'download-failed' &&
  (error.cause instanceof PassingFailure || codeOf(error.cause) === 'ENOTFOUND');

/** 408 and 425: the server gave up on the request; 429: too many; the 5xx that a gateway or a busy server gives. */
const PASSING_STATUS: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 524, 529]);

export const mayPass = (status: number): boolean => PASSING_STATUS.has(status);

/** What a server's refusal means. `said`: its own words, where it has any. */
export function fromStatus(status: number, said: string, remote: RemoteFile, url: URL, token: string): NeurodexError {
  const answer = `the server ${url.host} answered ${status}${said === '' ? '' : ` (${said})`}`;
  if (status === 401 || status === 403) return accessDenied(status, answer, remote, token);
  if (status === 404 || status === 410) {
    const hint = 'its owner may have moved or deleted it: download it yourself and give the local copy as the source';
    return downloadFailed(remote, `${answer}: there is no ${publicUrl(remote.url)}`, hint);
  }
  if (status === 407) {
    return downloadFailed(remote, `the proxy answered 407`, 'give user and password in HTTPS_PROXY and HTTP_PROXY');
  }
  return downloadFailed(remote, answer, 'try again later, or give a local copy as the source');
}

const TOKENS_PAGE = 'https://huggingface.co/settings/tokens';

function accessDenied(status: number, answer: string, remote: RemoteFile, token: string): NeurodexError {
  const { gate } = remote;
  const [what, hint] =
    gate === undefined
      ? ['needs an access that was not granted', 'download it yourself and give the local copy as the source']
      : token === ''
        ? [
            `needs access, and ${gate.token} is not set`,
            `ask for access at ${gate.page}, make a token at ${TOKENS_PAGE}, and set ${gate.token} to it`,
          ]
        : status === 401
          ? [
              `needs access, and the token in ${gate.token} is not accepted`,
              `the token is mistyped, expired or revoked: make another at ${TOKENS_PAGE}; access is granted at ${gate.page}`,
            ]
          : [
              `needs access, and the account of the token in ${gate.token} has none`,
              `ask for access at ${gate.page} with that account; a fine-grained token also needs the permission to read gated repositories`,
            ];
  return new NeurodexError('access-denied', `${remote.name} ${what}: ${answer}`, {
    hint,
    details: { name: remote.name, url: publicUrl(remote.url), status, ...(gate ? { page: gate.page } : {}) },
  });
}
