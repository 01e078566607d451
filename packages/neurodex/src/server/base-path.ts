import { NeurodexError } from '@neurodex/core';

/** Where a server is below the root of its host: `/search`; empty at the root. */
export type BasePath = string;

const SEGMENTS = /^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$/;

/** @throws NeurodexError `usage` for what is no path */
export function parseBasePath(given: string): BasePath {
  const path = given.replace(/\/+$/, '');
  if (path === '' && given.startsWith('/')) return '';
  if (SEGMENTS.test(path) && path.length <= 200) return path;
  throw new NeurodexError('usage', `--base-path takes a path, and ${JSON.stringify(given)} is none`, {
    hint: 'write it as in --base-path /search: a slash, then letters, digits, and any of . _ ~ -',
    details: { value: given },
  });
}

/** What stands in place of an address that cannot be decoded: no route has it. */
export const UNDECODABLE = '/%00';

/** The parts of a request's target (RFC 9112 §3.2): its authority, where it is an absolute address, and the rest. */
export function targetParts(target: string): { readonly authority: string | undefined; readonly path: string } {
  const [whole = '', authority] = /^https?:\/\/([^/?#]*)/i.exec(target) ?? [];
  if (authority === undefined) return { authority, path: target };
  const path = target.slice(whole.length);
  return { authority, path: path.startsWith('/') ? path : `/${path}` };
}

/**
 * The address by which the routes know a request's target: without the base path, which a proxy may or may not have taken off
 * already.
 */
export function routedAddress(target: string, base: BasePath): string {
  const { path: whole } = targetParts(target);
  const below = base !== '' && whole.startsWith(base) ? whole.slice(base.length) : undefined;
  const address = below !== undefined && /^([/?]|$)/.test(below) ? below : whole;
  const rooted = address.startsWith('/') || address === '*' ? address : `/${address}`;
  try {
    decodeURIComponent(rooted.split(/[?;#]/, 1)[0] ?? '');
    return rooted;
  } catch {
    return UNDECODABLE;
  }
}

/** Whether a target is the base path without the slash at its end, below which relative addresses would lead elsewhere. */
export const lacksSlash = (target: string, base: BasePath): boolean =>
  base !== '' && targetParts(target).path.split('?', 1)[0] === base;
