import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from './api/problems.ts';

const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares with the token in a time that does not depend on where they differ. */
export function tokenCheck(token: string): (headers: IncomingHttpHeaders) => void {
  const wanted = digest(token);
  return ({ authorization = '' }) => {
    const [, given] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
    if (given !== undefined && timingSafeEqual(digest(given), wanted)) return;
    throw new ApiError('token-wrong', given === undefined ? 'a token is needed' : 'the token is wrong', {
      hint: 'send Authorization: Bearer <token>',
    });
  };
}

/**
 * Refuses names that are not this machine's, where a server is open to whoever reaches it from here: a page on the
 * internet can have its own name point at 127.0.0.1 and would be of the same origin then (DNS rebinding).
 */
export function hostCheck(allowed: readonly string[]): (headers: IncomingHttpHeaders) => void {
  const names = new Set(allowed.map((name) => name.toLowerCase()));
  return ({ host = '' }) => {
    const name = host.replace(/:\d*$/, '').toLowerCase();
    if (isLoopback(name) || names.has(name)) return;
    throw new ApiError('host-refused', `this server is not called ${JSON.stringify(name.slice(0, 100))}`, {
      hint: 'start it with --allow-host NAME, or with --token',
    });
  };
}

/** Refuses what a page of another site has a browser send (Fetch Metadata), unless that site is allowed. */
export function siteCheck(origins: readonly string[]): (headers: IncomingHttpHeaders) => void {
  return (headers) => {
    if (headers['sec-fetch-site'] !== 'cross-site') return;
    if (headers.origin !== undefined && origins.includes(headers.origin)) return;
    throw new ApiError('origin-refused', 'pages of other sites may not search here', {
      hint: 'start it with --cors ORIGIN',
    });
  };
}
