import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckedFile, FileHasher, JoinedFile } from '@neurodex/core/storage';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Embeddings } from './embeddings.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neurodex-embeddings-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const FACTS = { tokens: 2, channels: 3, views: 1, encoder: 'abc' };

/** 3 rows of 2 views of 2 × 3 numbers: every number is its place in the file. */
function stored(change: (values: Float32Array) => void = () => {}): Embeddings {
  const values = Float32Array.from({ length: 3 * 2 * 2 * 3 }, (_, i) => i);
  change(values);
  const bytes = new Uint8Array(values.buffer);
  const path = join(folder, 'embeddings.f32');
  writeFileSync(path, bytes);
  const hasher = new FileHasher();
  hasher.update(bytes);
  return new Embeddings(new JoinedFile([new CheckedFile(path, hasher.digest())]), FACTS);
}

it('are what is listed of them', () => {
  expect(stored()).toMatchObject(FACTS);
});

it('lie row after row, the clean view first', () => {
  const embeddings = stored();
  expect([embeddings.place(0, 0), embeddings.place(0, 1), embeddings.place(2, 0), embeddings.place(2, 1)]).toEqual([
    0, 1, 4, 5,
  ]);
  expect([...embeddings.read(0)]).toEqual([0, 1, 2, 3, 4, 5]);
  expect([...embeddings.read(2)]).toEqual([24, 25, 26, 27, 28, 29]);
});

it('of several places are read one after another, from the first place of the target on', () => {
  const target = new Float32Array(4 * 6).fill(-1);
  stored().readInto(new Uint8Array(target.buffer), 1, [5, 0]);
  const expected = [
    ...Array<number>(6).fill(-1),
    30,
    31,
    32,
    33,
    34,
    35,
    0,
    1,
    2,
    3,
    4,
    5,
    ...Array<number>(6).fill(-1),
  ];
  expect([...target]).toEqual(expected);
});

it('that are not finite are refused, naming the file and the row', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const embeddings = stored((values) => values.fill(value, 17, 18));
    expect(embeddings.read(0)).toHaveLength(6);
    // The 18th number is the last of the clean view of row 1.
    expect(() => embeddings.read(1)).toThrow(
      expect.objectContaining({
        code: 'index-damaged',
        message: `${join(folder, 'embeddings.f32')} has numbers that are not finite in row 1`,
      }),
    );
  }
});
