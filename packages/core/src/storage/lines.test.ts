import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Line, linesOf } from './lines.ts';

/** Bytes of a file that are read at a time. */
const READ = 1 << 18;

let root = '';
let path = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-lines-'));
  path = join(root, 'lines');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const linesIn = async (text: string, longest: number): Promise<Line[]> => {
  await writeFile(path, text, 'latin1');
  const lines: Line[] = [];
  for await (const line of linesOf(path, longest)) lines.push(line);
  return lines;
};
/** By splitting the whole text. */
const expected = (text: string, longest: number) => {
  const parts = text.split('\n');
  const all = parts.at(-1) === '' ? parts.slice(0, -1) : parts;
  let position = 0;
  return all.map((line, i) => {
    position = Math.min(position + line.length + 1, text.length);
    return { number: i + 1, end: position, text: line.length > longest ? undefined : line };
  });
};
const shown = (lines: readonly Line[]) =>
  lines.map(({ number, end, bytes }) => ({
    number,
    end,
    text: bytes === undefined ? undefined : Buffer.from(bytes).toString('latin1'),
  }));

it('gives the lines with their numbers and ends, and no more than the number of those that are too long', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\r', '\n') });
  await fc.assert(
    fc.asyncProperty(text, fc.nat(4), async (each, longest) => {
      expect(shown(await linesIn(each, longest))).toEqual(expected(each, longest));
    }),
    { numRuns: 60 },
  );
});

it('gives lines that begin in one piece of the file and end in another', async () => {
  const lengths = [READ - 3, 1, 5, READ - 1, READ, READ + 1, 2 * READ + 7, 0, 2];
  const text = lengths.map((length, i) => String.fromCharCode(97 + i).repeat(length)).join('\n');
  for (const longest of [4, READ - 1, READ, 3 * READ]) {
    const found = shown(await linesIn(text, longest));
    expect(found.map(({ number, end }) => [number, end])).toEqual(
      expected(text, longest).map(({ number, end }) => [number, end]),
    );
    expect(found.every((line, i) => line.text === expected(text, longest)[i]?.text)).toBe(true);
  }
});

it('throws the errors of the file system as they are', async () => {
  await expect(linesOf(path, 1).next()).rejects.toMatchObject({ code: 'ENOENT', path });
});
