import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonDamage, type JsonRow, jsonRows } from './json-rows.ts';

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  // The same memory every time, as a stream may do.
  const memory = new Uint8Array(size);
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size);
    memory.set(part);
    yield memory.subarray(0, part.length);
  }
}

async function read(text: string | Uint8Array, size = 1000): Promise<JsonRow[]> {
  const rows: JsonRow[] = [];
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  for await (const row of jsonRows(inChunks(bytes, size))) rows.push(row);
  return rows;
}

/** What JSON.parse makes of it, in rows. */
const expected = (text: string): JsonRow[] =>
  Object.entries(JSON.parse(text) as Record<string, unknown>).flatMap(([key, value]) =>
    Array.isArray(value) && value.length > 0
      ? value.map((element, row) => ({ key, row, value: element }))
      : [{ key, value }],
  );

describe('jsonRows', () => {
  it('agrees with JSON.parse, whatever the contents, the blanks and the chunks', async () => {
    const object = fc.dictionary(
      fc.string({ unit: 'grapheme' }).filter((key) => key !== '__proto__' && !/^\d+$/.test(key)),
      fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue(), { maxLength: 5 })),
    );
    await fc.assert(
      fc.asyncProperty(
        object,
        fc.constantFrom(0, 1, '\t'),
        fc.integer({ min: 1, max: 40 }),
        async (value, blanks, size) => {
          const text = JSON.stringify(value, null, blanks);
          expect(await read(text, size)).toEqual(expected(text));
        },
      ),
    );
  });

  it('brackets, quotes and backslashes in strings are text', async () => {
    const text = '{"a":["]}\\"{[", "\\\\", "é🐕"], "b": "}", "c": 12, "d": true, "e": [], "f": {"g": [1, 2]}}';
    for (const size of [1, 2, 3, 7, 1000]) expect(await read(text, size)).toEqual(expected(text));
  });

  it('a byte order mark and blanks around it are no part of it', async () => {
    expect(await read('\ufeff {"a": [1]} \n')).toEqual([{ key: 'a', row: 0, value: 1 }]);
  });

  it('says after what it is cut off, wherever that is, and gives the rows before', async () => {
    const text = '{"images": [{"id": 1}, {"id": 2}], "annotations": [{"id": "a\\"b"}, [true, 12]], "info": {}}';
    for (let end = 1; end < text.length; end++) {
      const rows: JsonRow[] = [];
      const reading = (async () => {
        for await (const row of jsonRows(inChunks(new TextEncoder().encode(text.slice(0, end)), 9))) rows.push(row);
      })();
      await expect(reading).rejects.toBeInstanceOf(JsonDamage);
      await expect(reading).rejects.toMatchObject({ byte: end });
      expect(expected(text).slice(0, rows.length)).toEqual(rows);
    }
    await expect(read(text.slice(0, 60))).rejects.toThrow('is cut off in annotations[0]');
    await expect(read('')).rejects.toThrow('is empty');
  });

  it.each([
    ['[1]', 'does not begin with {'],
    ['{"a" 1}', 'has "1" where a colon should follow'],
    ['{"a": [1 2]}', 'has "2" where a comma or ] should follow'],
    ['{"a": [1], b}', 'has "b" where a key should follow'],
    ['{"a": [tru]}', 'a[0] is not JSON'],
    ['{"a": [{"b": }]}', 'a[0] is not JSON'],
    ['{"a": 1} x', 'goes on after its last bracket'],
    ['{"a": [1,]}', 'a[1] is not JSON'],
  ])('%s: %s', async (text, what) => {
    await expect(read(text)).rejects.toThrow(what);
  });

  it('never hangs and never throws anything else on damaged bytes', async () => {
    const sound = new TextEncoder().encode('{"a": [{"b": "c\\n"}, 1.5e3], "d": {"e": null}}');
    await fc.assert(
      fc.asyncProperty(
        fc.nat(sound.length - 1),
        fc.nat(255),
        fc.integer({ min: 1, max: 9 }),
        async (at, byte, size) => {
          const bytes = sound.slice();
          bytes[at] = byte;
          await read(bytes, size).catch((error) => expect(error).toBeInstanceOf(JsonDamage));
        },
      ),
    );
  });
});
