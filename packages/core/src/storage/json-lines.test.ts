import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jsonLine, readJsonLines } from './json-lines.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'json-lines-'));
});
afterEach(() => rm(folder, { recursive: true }));

const digest = (bytes: Uint8Array) => ({
  bytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
});

async function read(path: string, listed: { bytes: number; sha256: string }): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of readJsonLines(path, listed)) values.push(value);
  return values;
}

describe('a list of JSON lines', () => {
  const values = [{ path: 'a\nb.png', labels: ['äö', ''] }, [1, 2.5, null], 'x', 0];
  const bytes = Buffer.concat(values.map(jsonLine));

  it('gives back what was written, in order', async () => {
    const path = join(folder, 'list.jsonl');
    await writeFile(path, bytes);
    expect(await read(path, digest(bytes))).toEqual(values);
  });

  it('may be empty', async () => {
    const path = join(folder, 'list.jsonl');
    await writeFile(path, '');
    expect(await read(path, digest(new Uint8Array()))).toEqual([]);
  });

  it.each([
    ['one that is not there', undefined, 'index-missing'],
    ['another value', Buffer.concat([...values.slice(0, 3), 7].map(jsonLine)), 'index-damaged'],
    ['one line less', Buffer.concat(values.slice(0, 3).map(jsonLine)), 'index-damaged'],
    ['a part of the last line', bytes.subarray(0, bytes.length - 1 - 3), 'index-damaged'],
    ['what is not JSON', Buffer.from('{"path":\n'), 'index-damaged'],
    ['what is not UTF-8', Uint8Array.of(0x22, 0xff, 0x22, 0x0a), 'index-damaged'],
  ])('refuses %s', async (_, found, code) => {
    const path = join(folder, 'list.jsonl');
    if (found !== undefined) await writeFile(path, found);
    await expect(read(path, digest(bytes))).rejects.toMatchObject({ code, details: { file: path } });
  });
});
