import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lacksSlash, parseBasePath, routedAddress, UNDECODABLE } from './base-path.ts';

describe('a base path', () => {
  it.each([
    ['/search', '/search'],
    ['/search/', '/search'],
    ['/a/b-c/d_e.f~1', '/a/b-c/d_e.f~1'],
    ['/', ''],
  ])('%s is %j', (given, path) => expect(parseBasePath(given)).toBe(path));

  it.each([
    '',
    'search',
    '//evil.example',
    '/a//b',
    '/..',
    '/a/../b',
    '/a?b',
    '/a#b',
    '/a b',
    '/%2e',
    'http://x/y',
    '/é',
  ])('%j is refused', (given) => expect(() => parseBasePath(given)).toThrow(/--base-path takes a path/));
});

describe('the address by which routes know a target', () => {
  it.each([
    ['/search/v1/indexes?x=1', '/search', '/v1/indexes?x=1'],
    // A proxy may have taken it off already.
    ['/v1/indexes', '/search', '/v1/indexes'],
    ['/search', '/search', '/'],
    ['/search?x', '/search', '/?x'],
    ['/searches', '/search', '/searches'],
    ['/v1/indexes', '', '/v1/indexes'],
    ['http://evil.example/v1/indexes', '', '/v1/indexes'],
    ['http://127.0.0.1/search/v1/indexes', '/search', '/v1/indexes'],
    ['http://127.0.0.1', '', '/'],
    ['*', '', '*'],
    ['/v1/%ff', '', UNDECODABLE],
    ['/v1?%ff', '', '/v1?%ff'],
  ])('%s below %j is %s', (target, base, address) => expect(routedAddress(target, base)).toBe(address));

  it('is always one', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('', '/search'), (target, base) => {
        expect(routedAddress(target, base)).toMatch(/^(\/|\*$)/);
      }),
    );
  });

  it('lacks a slash where the base path alone is asked for', () => {
    expect([lacksSlash('/search', '/search'), lacksSlash('/search?a', '/search')]).toEqual([true, true]);
    expect([lacksSlash('/search/', '/search'), lacksSlash('/', ''), lacksSlash('', '')]).toEqual([false, false, false]);
  });
});
