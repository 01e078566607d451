import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failure, HURRY, remote, Setting } from './downloads.fixture.ts';
import { createDownloads } from './downloads.ts';
import { isPublicAddress, judgeHost, publicLookup, type Resolver } from './hosts.ts';
import { TestServer } from './server.fixture.ts';

describe('addresses', () => {
  // RFC 6890, RFC 4193, RFC 4291, RFC 6598, RFC 5737.
  test.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:db8::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'ff02::1',
    'localhost',
    '',
  ])('%s is none of the public internet', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '52.216.0.1', '2606:4700::1111', '2a00:1450:4001::1'])(
    '%s is',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );
});

describe('which hosts may send a file', () => {
  const rules = { names: ['images.example.org', '*.store.example'], named: 'http://127.0.0.1:8000/mirror' };
  test.each([
    ['http://images.example.org/a', 'public'],
    ['https://IMAGES.example.org./a', 'public'],
    ['https://eu.store.example/a', 'public'],
    ['http://127.0.0.1:8000/elsewhere', 'named'],
    ['http://127.0.0.1:8001/a', 'refused'],
    ['http://images.example.org:22/a', 'refused'],
    ['http://store.example/a', 'refused'],
    ['http://badstore.example/a', 'refused'],
    ['http://images.example.org@127.0.0.1/a', 'refused'],
    ['http://images.example.org.evil.example/a', 'refused'],
    // Other spellings of 127.0.0.1.
    ['http://2130706433/a', 'refused'],
    ['http://0x7f.1/a', 'refused'],
    ['http://0177.0.0.1/a', 'refused'],
    ['http://[::ffff:127.0.0.1]/a', 'refused'],
    ['http://[::1]/a', 'refused'],
    ['http://localhost/a', 'refused'],
  ])('%s: %s', (url, verdict) => {
    expect(judgeHost(new URL(url), rules, undefined)).toBe(verdict);
  });

  test('a named server that keeps files elsewhere; hosts that the user adds', () => {
    const hub = { names: [], named: 'http://hub.example:8000', namedHasStorage: true };
    expect(judgeHost(new URL('http://hub.example:9000/a'), hub, undefined)).toBe('named');
    expect(judgeHost(new URL('https://cdn.hub.example/a'), hub, undefined)).toBe('public');
    const judge = (url: string) => judgeHost(new URL(url), rules, 'store.local:9000, 10.0.0.7,[::1]');
    expect(judge('http://store.local:9000/a')).toBe('named');
    expect(judge('http://store.local/a')).toBe('refused');
    expect(judge('http://10.0.0.7:123/a')).toBe('named');
    expect(judge('http://[::1]/a')).toBe('named');
    expect(judge('http://10.0.0.8/a')).toBe('refused');
  });
});

test('a connection gets the public addresses of a name and no others, asked for once', () => {
  let asked = 0;
  const lookup = publicLookup((_hostname, _options, callback) => {
    asked++;
    callback(null, [
      { address: '10.0.0.1', family: 4 },
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700::1111', family: 6 },
    ]);
  });
  const got: unknown[] = [];
  lookup('name', { all: true }, (...answer) => got.push(answer));
  lookup('name', {}, (...answer) => got.push(answer));
  expect(got).toEqual([
    [
      null,
      [
        { address: '8.8.8.8', family: 4 },
        { address: '2606:4700::1111', family: 6 },
      ],
    ],
    [null, '8.8.8.8', 4],
  ]);
  expect(asked).toBe(2);
});

describe('requests', () => {
  let setting: Setting;
  let other: TestServer;
  beforeEach(async () => {
    setting = await Setting.open();
    other = await TestServer.start();
  });
  afterEach(async () => {
    await setting.close();
    await other.close();
  });

  test('no server that is not of the data set, by an address or by a redirect', async () => {
    const { server } = setting;
    const hosts = { names: ['images.example.org'], named: server.origin };
    const secret = other.serve('/secret', 'secret');
    for (const how of ['bytes', 'file', 'open'] as const) {
      const first = await failure(setting.start()[how](remote(secret, { hosts })) as Promise<unknown>);
      expect(first.message).toMatch(
        /^the file cannot be downloaded: its address leads to 127\.0\.0\.1:\d+: this machine/,
      );
      expect(first.hint).toContain('NEURODEX_DOWNLOAD_HOSTS');
      const led = server.serve(`/redirect-${how}`, '', { redirect: secret });
      const second = await failure(setting.start()[how](remote(led, { hosts })) as Promise<unknown>);
      expect(second.message).toBe(first.message);
    }
    expect(other.seen).toEqual([]);
    const environment = { NEURODEX_DOWNLOAD_HOSTS: new URL(secret).host };
    const bytes = await setting.start({ environment }).bytes(remote(secret, { hosts }));
    expect(Buffer.from(bytes).toString()).toBe('secret');
  });

  test('no private address that a public name leads to, and only the address that was checked', async () => {
    const asked: string[] = [];
    const resolver =
      (...answers: string[]): Resolver =>
      (hostname, _options, callback) => {
        asked.push(hostname);
        const address = answers.shift() ?? '127.0.0.1';
        callback(null, [{ address, family: address.includes(':') ? 6 : 4 }]);
      };
    const hosts = { names: ['images.example.org'] };
    const url = 'http://images.example.org/a';
    for (const address of ['127.0.0.1', '169.254.169.254', '::1', '::ffff:127.0.0.1', 'fd00::1']) {
      const downloads = createDownloads({ cache: setting.cache, environment: {} }, HURRY, resolver(address));
      const error = await failure(downloads.bytes(remote(url, { hosts })));
      expect(error.message).toBe(
        'the file cannot be downloaded: the name images.example.org leads to this machine or a private network',
      );
    }
    expect(new Set(asked)).toEqual(new Set(['images.example.org']));
  });
});
