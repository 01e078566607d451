import { createHash } from 'node:crypto';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { canonicalJson } from '../canonical-json.ts';
import { checkVersion, malformed, parseJson, readSmall } from './json-file.ts';
import { checkSeal, digestOf, hasSeal, sealed } from './seal.ts';

const MOST = 2 ** 28;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

let root = '';
let path = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-small-'));
  path = join(root, 'a.json');
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('a small file', () => {
  it('is read as a whole, and compared with its digest where there is one', async () => {
    await writeFile(path, 'größe');
    const listed = { bytes: 7, sha256: createHash('sha256').update('größe').digest('hex') };
    expect(Buffer.from(await readSmall(path)).toString()).toBe('größe');
    expect(Buffer.from(await readSmall(path, listed)).toString()).toBe('größe');
    await writeFile(path, 'grösse');
    expect(Buffer.from(await readSmall(path)).toString()).toBe('grösse');
    await expect(readSmall(path, listed)).rejects.toMatchObject({ code: 'index-damaged' });
    const options = { replaced: () => undefined, hold: false };
    await expect(readSmall(path, listed, options)).rejects.toMatchObject({ code: 'index-damaged' });
  });

  it('is refused where it is none', async () => {
    await expect(readSmall(path)).rejects.toMatchObject({ code: 'index-missing' });
    await expect(readSmall(root)).rejects.toMatchObject({
      code: 'index-damaged',
      message: `${root} is not a file`,
    });
    // Sparse: it takes no room.
    await writeFile(path, '');
    await truncate(path, MOST + 1);
    await expect(readSmall(path)).rejects.toMatchObject({
      code: 'index-damaged',
      message: `${path} is larger than a description may be (268435456 bytes)`,
    });
  });

  it('is refused by a listed size before it is looked at', async () => {
    const listed = (bytes: number) => ({ bytes, sha256: '' });
    await expect(readSmall(path, listed(MOST))).rejects.toMatchObject({ code: 'index-missing' });
    await expect(readSmall(path, listed(MOST + 1))).rejects.toMatchObject({
      code: 'index-damaged',
      message: `${path} is listed with 268435457 bytes, more than a description may have`,
    });
  });
});

it('text that is no JSON is damaged, in words that say where', () => {
  expect(parseJson(utf8('{"a": ["ä"]}'), 'x.json')).toEqual({ a: ['ä'] });
  for (const [bytes, message] of [
    [Uint8Array.of(0x22, 0xff, 0x22), 'x.json is not text in UTF-8'],
    [utf8('{"a": }'), 'x.json is not valid JSON: line 1, column 7: "}" where a value should stand'],
    // The program writes none, so that the digest of the file is the digest of its text.
    [utf8('\ufeff{}'), 'x.json is not valid JSON: line 1, column 1: "\ufeff" where a value should stand'],
  ] as const) {
    let thrown: unknown;
    try {
      parseJson(bytes, 'x.json');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: 'index-damaged',
      message,
      details: { file: 'x.json' },
      cause: expect.any(Error),
    });
  }
});

describe('a version', () => {
  const expected = { file: 'a.json', format: 'f', version: 3, what: 'index' };

  it.each([
    [{ format: 'f', version: 3 }],
    [{ format: 'g', version: 4 }],
    [{ format: 'f', version: 3.5 }],
    [{ format: 'f', version: '4' }],
    [{ version: 4 }],
    [null],
    [undefined],
    [7],
  ])('is not found wrong in %j', (value) => expect(checkVersion(value, expected)).toBeUndefined());

  it.each([
    [4, 'index-newer', 'update Neurodex, or build the index again with this one'],
    [2, 'index-older', 'build the index again with this Neurodex, with --force to replace the old one'],
  ])('%i of 3 is refused', (version, code, hint) => {
    const refused = expect.objectContaining({
      code,
      hint,
      message: `a.json has version ${version}; this Neurodex reads version 3`,
      details: { file: 'a.json', version },
    });
    expect(() => checkVersion({ format: 'f', version }, expected)).toThrow(refused);
  });
});

it('a description that is malformed is so at a key, or as a whole', () => {
  const schema = z.object({ a: z.array(z.number()) });
  const told = (value: unknown): string =>
    malformed('x.json', 'an index', schema.safeParse(value).error as z.ZodError).message;
  expect(told({ a: [1, 'b'] })).toBe(
    'x.json does not describe an index: a.1 is missing or has a value that it cannot have',
  );
  expect(told(1)).toBe('x.json does not describe an index');
  expect(malformed('x.json', 'an index', new z.ZodError([])).message).toBe('x.json does not describe an index');
});

describe('canonical JSON', () => {
  it('is that of RFC 8785', () => {
    // The order of appendix 3.2.3, by UTF-16 code units.
    const names = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
    expect(canonicalJson(names)).toBe('{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}');
    expect(canonicalJson({ b: [null, true, { d: 1e21, c: '"\u001f' }], a: undefined, '': 0.1 })).toBe(
      '{"":0.1,"b":[null,true,{"c":"\\"\\u001f","d":1e+21}]}',
    );
    expect([[], {}, null, 'x', 0, false].map(canonicalJson)).toEqual(['[]', '{}', 'null', '"x"', '0', 'false']);
  });

  it('says what the value says, in whichever order its keys were written', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(Object.fromEntries(Object.entries(value).reverse()))).toBe(text);
      }),
    );
  });
});

describe('a seal', () => {
  const deep = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);

  it('is the SHA-256 of the canonical JSON of everything else', () => {
    const digest = createHash('sha256').update('{"a":[1],"b":"x"}').digest('hex');
    expect(digestOf({ b: 'x', a: [1] })).toBe(digest);
    expect(digestOf({ b: 'x', a: [1], digest: 'any' })).toBe(digest);
    expect(sealed({ b: 'x', a: [1], digest: 'old' })).toBe(
      `{\n  "b": "x",\n  "a": [\n    1\n  ],\n  "digest": "${digest}"\n}\n`,
    );
  });

  it('is broken by any change', () => {
    const value = JSON.parse(sealed({ a: 1 })) as object;
    expect(hasSeal(value)).toBe(true);
    checkSeal(value, 'x.json');
    const broken = [{ ...value, a: 2 }, { ...value, b: 1 }, { ...value, digest: '' }, { a: 1 }];
    for (const other of broken) {
      expect(hasSeal(other)).toBe(false);
      expect(() => checkSeal(other, 'x.json')).toThrow(
        expect.objectContaining({
          code: 'index-damaged',
          message: 'x.json has changed since it was written (the SHA-256 of what it says is not its digest)',
        }),
      );
    }
    expect(hasSeal(null)).toBe(false);
    expect(hasSeal({ a: deep(100_000) })).toBe(false);
    expect(() => checkSeal({ a: deep(100_000) }, 'x.json')).toThrow(
      expect.objectContaining({ message: 'x.json is nested more deeply than a description is' }),
    );
  });
});
