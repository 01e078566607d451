import { describe, expect, it } from 'vitest';
import { type AccessOptions, accessPolicy } from './access.ts';

/** The table of docs/serving.md, row by row. */

const HOST = '127.0.0.1:8080';

interface Asked {
  readonly method?: string;
  readonly version?: string;
  readonly hosts?: readonly string[];
  readonly authority?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const answer = (asked: Asked, options: Partial<AccessOptions> = {}): string => {
  const { method = 'GET', version = '1.1', hosts = [HOST], authority, headers = {} } = asked;
  try {
    accessPolicy({
      address: '127.0.0.1',
      cors: ['https://pages.example'],
      allowHosts: ['search.example'],
      ...options,
    }).check({
      method,
      httpVersion: version,
      headers,
      rawHeaders: hosts.flatMap((host) => ['hOsT', host]),
      authority,
    });
    return 'answered';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('the name that a request is for', () => {
  it.each([
    ['answered', {}],
    ['answered', { hosts: ['LOCALHOST'] }],
    ['answered', { hosts: ['[::1]:8080'] }],
    ['answered', { hosts: ['Search.Example:443'] }],
    ['host-refused', { hosts: ['evil.example'] }],
    ['host-refused', { hosts: ['127.0.0.1.evil.example'] }],
    // HTTP/1.0 has none, and no browser speaks it.
    ['answered', { version: '1.0', hosts: [] }],
    ['host-refused', { version: '1.0', hosts: ['evil.example'] }],
    ['request-malformed', { hosts: [] }],
    ['request-malformed', { hosts: [HOST, HOST] }],
    ['request-malformed', { version: '1.0', hosts: [HOST, 'evil.example'] }],
    ['request-malformed', { hosts: [''] }],
    ['request-malformed', { hosts: ['127.0.0.1, evil.example'] }],
    ['request-malformed', { hosts: ['user@127.0.0.1'] }],
    // An absolute target counts, and not the header (RFC 9112 §3.2.2).
    ['host-refused', { authority: 'evil.example' }],
    ['answered', { authority: '127.0.0.1:8080', hosts: ['evil.example'] }],
  ])('is %s: %j', (expected, asked) => expect(answer(asked as Asked)).toBe(expected));

  it.each([{ token: 'secret' }, { address: '0.0.0.0' }])('does not matter with %j', (options) => {
    expect(answer({ hosts: ['evil.example'] }, options)).toBe('answered');
    expect(answer({ hosts: ['evil.example', HOST] }, options)).toBe('request-malformed');
  });
});

const site = (value: string, more: Record<string, string> = {}): Asked => ({
  headers: { 'sec-fetch-site': value, ...more },
});
const origin = (value: string): Asked => ({ headers: { origin: value } });
const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

describe('the page that has a browser ask', () => {
  it.each([
    ['answered', {}],
    ['answered', site('none')],
    ['answered', site('same-origin', { origin: `http://${HOST}` })],
    // A proxy may have changed the Host.
    ['answered', site('same-origin', { origin: 'https://elsewhere.example' })],
    ['origin-refused', site('cross-site')],
    ['origin-refused', site('same-site')],
    ['origin-refused', site('same-origin, cross-site')],
    ['origin-refused', site('cross-site', { 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' })],
    ['origin-refused', site('cross-site', { origin: 'https://evil.example' })],
    ['origin-refused', site('cross-site', { origin: 'null' })],
    // A page that names its origin, as fetch does and <img crossorigin>.
    ['answered', site('cross-site', { origin: 'https://pages.example' })],
    ['answered', site('cross-site', navigation)],
    ['origin-refused', { method: 'POST', ...site('cross-site', navigation) }],
    ['origin-refused', site('cross-site', { ...navigation, 'sec-fetch-dest': 'iframe' })],
    // Without Fetch Metadata: old browsers, and all where the connection is not trusted.
    ['answered', origin(`http://${HOST}`)],
    ['answered', origin('https://pages.example')],
    ['origin-refused', origin('http://127.0.0.1:9999')],
    ['origin-refused', origin('https://evil.example')],
    ['origin-refused', origin('null')],
    ['origin-refused', origin('')],
    ['origin-refused', origin(`http://${HOST}, http://${HOST}`)],
  ])('is %s: %j', (expected, asked) => {
    for (const options of [{}, { token: 'secret' }, { address: '0.0.0.0' }])
      expect(answer(asked as Asked, options)).toBe(expected);
  });

  it('is of this server by its name, whichever scheme a proxy speaks', () => {
    expect(answer({ hosts: ['search.example'], ...origin('https://search.example') })).toBe('answered');
    expect(answer({ hosts: ['search.example:443'], ...origin('https://search.example') })).toBe('answered');
    expect(answer({ hosts: ['search.example'], ...origin('https://search.example:8443') })).toBe('origin-refused');
  });
});

describe('a token', () => {
  const code = (work: () => void): string => {
    try {
      work();
      return 'answered';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  const policy = (token?: string, writeToken?: string) =>
    accessPolicy({ address: '127.0.0.1', token, writeToken, cors: [], allowHosts: [] });
  const bearer = (given: string | undefined) => (given === undefined ? {} : { authorization: `Bearer ${given}` });

  it.each([
    // token, write token, given, may read, may write
    [undefined, undefined, undefined, 'answered', 'read-only'],
    [undefined, undefined, 'any', 'answered', 'read-only'],
    [undefined, 'w', undefined, 'answered', 'token-wrong'],
    [undefined, 'w', 'w', 'answered', 'answered'],
    [undefined, 'w', 'x', 'answered', 'token-wrong'],
    ['r', undefined, 'r', 'answered', 'read-only'],
    ['r', undefined, undefined, 'token-wrong', 'read-only'],
    ['r', 'w', undefined, 'token-wrong', 'token-wrong'],
    ['r', 'w', 'r', 'answered', 'read-only'],
    ['r', 'w', 'w', 'answered', 'answered'],
    ['r', 'w', 'x', 'token-wrong', 'token-wrong'],
  ])('%s to read and %s to write, of which %s is sent', (token, writeToken, given, reading, writing) => {
    const { checkToken, checkWriting } = policy(token, writeToken);
    expect([code(() => checkToken(bearer(given))), code(() => checkWriting(bearer(given)))]).toEqual([
      reading,
      writing,
    ]);
  });
});
