import { describe, expect, it } from 'vitest';
import { accessPolicy, isLoopback } from './access.ts';
import { Admission, tooLarge } from './admission.ts';

const thrown = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('a token', () => {
  const { checkToken } = accessPolicy({ address: '0.0.0.0', token: 'secret+/=', cors: [], allowHosts: [] });
  const asked = (authorization?: string) =>
    thrown(() => checkToken(authorization === undefined ? {} : { authorization }));

  it.each(['Bearer secret+/=', 'bearer  secret+/=  ', 'BEARER secret+/='])('is taken as %j', (header) =>
    expect(asked(header)).toBeUndefined(),
  );

  it.each([
    [undefined, 'a token is needed'],
    ['', 'a token is needed'],
    ['Bearer ', 'a token is needed'],
    ['Bearersecret+/=', 'a token is needed'],
    ['Basic secret+/=', 'a token is needed'],
    ['x Bearer secret+/=', 'a token is needed'],
    ['Bearer secret+/= x', 'a token is needed'],
    ['Bearer secret+/', 'the token is wrong'],
    ['Bearer secret+/==', 'the token is wrong'],
    ['Bearer Secret+/=', 'the token is wrong'],
  ])('%j is refused', (header, message) => {
    expect(asked(header)).toMatchObject({
      code: 'token-wrong',
      message,
      hint: 'send Authorization: Bearer <token>',
    });
  });

  it('is asked for only where there is one', () => {
    const open = accessPolicy({ address: '127.0.0.1', cors: [], allowHosts: [] });
    expect(thrown(() => open.checkToken({}))).toBeUndefined();
  });
});

it('names of this machine are told from others', () => {
  const ours = ['localhost', 'LocalHost', 'a.localhost', 'a.b.localhost', '127.0.0.1', '127.255.1.30', '::1', '[::1]'];
  const others = [
    ...['localhost.', 'xlocalhost', '.localhost', 'localhost.example', '128.0.0.1', '127.0.0', '127.0.0.1.1', '::2'],
    ...['1127.0.0.1', '127.0.0.1234', '127.a.0.1', '::11', 'x::1', '', '0.0.0.0'],
  ];
  for (const host of ours) expect([host, isLoopback(host)]).toEqual([host, true]);
  for (const host of others) expect([host, isLoopback(host)]).toEqual([host, false]);
});

describe('who asks', () => {
  const head = (host: string | undefined, headers: Record<string, string> = {}, httpVersion = '1.1') => ({
    method: 'GET',
    httpVersion,
    headers,
    // A value that reads as the name of the header is no header.
    rawHeaders: ['x-name', 'host', ...(host === undefined ? [] : ['Host', host])],
    authority: undefined,
  });
  const policy = accessPolicy({ address: 'localhost', cors: ['https://a.example'], allowHosts: ['My.Name'] });
  const answer = (...asked: Parameters<typeof head>) => thrown(() => policy.check(head(...asked)));

  it('is told why not', () => {
    expect(answer('evil.example:80')).toMatchObject({
      code: 'host-refused',
      message: 'this server is not called "evil.example"',
      hint: 'start it with --allow-host NAME, or with --token',
    });
    expect(answer(undefined)).toMatchObject({
      code: 'request-malformed',
      message: 'the request has no Host header',
    });
    expect(answer(`${'a'.repeat(200)}/`)).toMatchObject({
      code: 'request-malformed',
      message: `the Host header "${'a'.repeat(100)}" names no host`,
    });
    const two = { ...head('localhost'), rawHeaders: ['Host', 'localhost', 'hOST', 'localhost'] };
    expect(thrown(() => policy.check(two))).toMatchObject({
      code: 'request-malformed',
      message: 'the request has more than one Host header',
    });
    expect(answer('localhost', { origin: 'https://b.example' })).toMatchObject({
      code: 'origin-refused',
      message: 'pages of other origins may not ask this server',
      hint: 'start it with --cors ORIGIN',
    });
  });

  it.each(['my.name', 'MY.NAME:8080', 'localhost:', 'localhost:12345', '[::1]:80', '[::1]'])('may call it %s', (host) =>
    expect(answer(host)).toBeUndefined(),
  );

  it.each([
    'localhost:123456',
    'localhost:a',
    'localhost:80:80',
    'a b',
    'localhost/x',
    'localhost?x',
    'localhost#x',
    'a@localhost',
    'localhost\\x',
    '[::1',
    '::1',
    '[]',
    '[x]:80',
  ])('may not call it %s', (host) => expect(answer(host)).toMatchObject({ code: 'request-malformed' }));

  it('is of the same origin whatever the default port is written as', () => {
    const from = (host: string | undefined, origin: string, version?: string) => answer(host, { origin }, version);
    for (const host of ['localhost', 'localhost:80', 'localhost:443', 'localhost:'])
      for (const origin of ['http://localhost', 'https://LOCALHOST:443', 'http://localhost:80'])
        expect(from(host, origin)).toBeUndefined();
    for (const origin of [
      'http://localhost:8080',
      'ftp://localhost',
      'http://localhost/',
      'xhttp://localhost',
      'http://',
    ])
      expect(from('localhost', origin)).toMatchObject({ code: 'origin-refused' });
    expect(from('localhost:8080', 'http://localhost:8080')).toBeUndefined();
    expect(from('localhost:8080', 'http://localhost')).toMatchObject({ code: 'origin-refused' });
    // HTTP/1.0 without a Host has no origin, as what is no origin has none.
    expect(answer(undefined, {}, '1.0')).toBeUndefined();
    expect(from(undefined, 'http://localhost', '1.0')).toMatchObject({ code: 'origin-refused' });
  });

  it('may follow a link, with GET and HEAD alone, into a page alone', () => {
    const navigation = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    const by = (method: string, headers: Record<string, string> = {}) =>
      thrown(() => policy.check({ ...head('localhost', { ...navigation, ...headers }), method }));
    expect(['GET', 'HEAD'].map((method) => by(method))).toEqual([undefined, undefined]);
    for (const method of ['POST', 'PUT', 'OPTIONS']) expect(by(method)).toMatchObject({ code: 'origin-refused' });
    for (const headers of [{ 'sec-fetch-mode': 'cors' }, { 'sec-fetch-dest': 'image' }, { 'sec-fetch-mode': '' }])
      expect(by('GET', headers)).toMatchObject({ code: 'origin-refused' });
  });
});

describe('what is too much', () => {
  it('is said with its size where that is known, and with what helps', () => {
    expect(tooLarge(1_000_000, 2_000_000)).toMatchObject({
      code: 'body-too-large',
      message: 'the body has 2000000 bytes, and the limit is 1000000',
      hint: 'send {"picture": "<id>"}',
    });
    expect(tooLarge(1_000_001)).toMatchObject({
      message: 'the body has more bytes than the limit, 1000001',
      hint: 'scale the picture down',
    });
  });

  it('may come again after a second', () => {
    const admission = new Admission({ queue: 0, bodyBytes: 1, allBodyBytes: 1, searchSeconds: 1 });
    for (const refused of [() => admission.enter(), () => admission.check(undefined, 1)])
      expect(thrown(refused)).toMatchObject({
        code: 'busy',
        message: 'the server has more searches than it takes at one time',
        hint: 'try again',
        retryAfter: 1,
      });
    expect(thrown(() => admission.hold().add(2))).toMatchObject({ code: 'busy' });
    expect([admission.underWay, admission.bodyBytes]).toEqual([0, 0]);
  });
});
