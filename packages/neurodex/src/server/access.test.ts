import { describe, expect, it, test } from 'vitest';
import { hostCheck, isLoopback, siteCheck, tokenCheck } from './access.ts';

type Check = ReturnType<typeof hostCheck>;
const refusal = (make: () => Check, headers: Parameters<Check>[0]): string | undefined => {
  const check = make();
  try {
    check(headers);
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
  return undefined;
};

describe('isLoopback', () => {
  test.each(['localhost', 'LocalHost', 'a.localhost', 'a.b.localhost', '127.0.0.1', '127.1.22.255', '::1', '[::1]'])(
    '%s is',
    (host) => {
      expect(isLoopback(host)).toBe(true);
    },
  );

  test.each([
    '',
    'example.org',
    'localhost.example.org',
    'xlocalhost',
    '.localhost',
    '127.0.0.1.example.org',
    '1127.0.0.1',
    '127.0.0',
    '127.0.0.1.1',
    '127.0.0.1000',
    '127.0.0.',
    '127.a.0.1',
    '128.0.0.1',
    '::11',
    'x::1',
    '::1]x',
  ])('%j is not', (host) => {
    expect(isLoopback(host)).toBe(false);
  });
});

describe('tokenCheck', () => {
  const check = () => tokenCheck('s3cret');

  it.each(['Bearer s3cret', 'bearer s3cret', 'Bearer   s3cret', 'Bearer s3cret  '])('takes %j', (authorization) => {
    expect(refusal(check, { authorization })).toBeUndefined();
  });

  it.each([
    undefined,
    '',
    's3cret',
    'Basic s3cret',
    'Bearer',
    'Bearer ',
    'Bearers3cret',
    'xBearer s3cret',
    'Bearer a b',
  ])('asks for a token where there is %j', (authorization) => {
    const headers = authorization === undefined ? {} : { authorization };
    expect(refusal(check, headers)).toBe('token-wrong: a token is needed');
  });

  it.each(['Bearer S3cret', 'Bearer s3cre', 'Bearer s3crets', 'Bearer x'])('refuses %j', (authorization) => {
    expect(refusal(check, { authorization })).toBe('token-wrong: the token is wrong');
  });
});

describe('hostCheck', () => {
  const check = () => hostCheck(['Search.example.org']);

  it.each([
    'localhost',
    'localhost:80',
    '127.0.0.1:8000',
    '[::1]:8000',
    'search.example.org',
    'SEARCH.example.org:443',
  ])('takes %s', (host) => {
    expect(refusal(check, { host })).toBeUndefined();
  });

  it.each(['', 'example.org', 'search.example.org.evil', 'search.example.org:80:x', 'localhost:80x'])(
    'refuses %j',
    (host) => {
      expect(refusal(check, { host })).toContain('host-refused');
    },
  );

  it('refuses a request without a name, and repeats no more than 100 characters of a long one', () => {
    expect(refusal(check, {})).toBe('host-refused: this server is not called ""');
    expect(refusal(check, { host: 'A'.repeat(500) })).toBe(
      `host-refused: this server is not called "${'a'.repeat(100)}"`,
    );
  });
});

describe('siteCheck', () => {
  const check = () => siteCheck(['https://pages.example.org']);
  const cross = { 'sec-fetch-site': 'cross-site' };

  it('takes what does not come from a page of another site', () => {
    for (const site of ['same-origin', 'same-site', 'none']) {
      expect(refusal(check, { 'sec-fetch-site': site, origin: 'https://evil.example' })).toBeUndefined();
    }
    expect(refusal(check, {})).toBeUndefined();
  });

  it('takes other sites that are allowed, and no more', () => {
    expect(refusal(check, { ...cross, origin: 'https://pages.example.org' })).toBeUndefined();
    expect(refusal(check, { ...cross, origin: 'https://evil.example' })).toContain('origin-refused');
    expect(refusal(check, cross)).toContain('origin-refused');
    expect(refusal(() => siteCheck([]), { ...cross, origin: 'https://pages.example.org' })).toContain('origin-refused');
  });
});
