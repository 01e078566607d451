import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@neurodex/autograd';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ApproximateVectorSearch } from './approximate-search.ts';
import { checkGraph } from './graph-check.ts';
import { normalised } from './vector-search.ts';

const LENGTH = 6;
const VECTORS = 80;
const CONNECTIVITY = { base: 32, above: 16 };

let folder = '';
let unit: Float32Array;
let sound: Buffer;
/** Where the 64 bytes of description begin: sizes of the vectors (8 bytes), then 79 of them, for one is zero. */
const HEAD = 8 + (VECTORS - 1) * LENGTH * 4;
const NODES = HEAD + 64 + 40 + 2 * (VECTORS - 1);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-graph-test-'));
  const random = Random.seeded(4);
  const vectors = Float32Array.from({ length: VECTORS * LENGTH }, () => random.uniform() - 0.5).fill(0, 12, 18);
  unit = normalised(vectors, LENGTH);
  const path = join(folder, 'graph');
  (await ApproximateVectorSearch.build(unit, LENGTH)).save(path);
  sound = await readFile(path);
});
afterAll(() => rm(folder, { recursive: true }));

const changed = (change: (bytes: Buffer) => void): Buffer => {
  const bytes = Buffer.from(sound);
  change(bytes);
  return bytes;
};
const check = (bytes: Uint8Array) => () => checkGraph(bytes, unit, LENGTH, CONNECTIVITY);

it('a graph passes as usearch saved it', () => {
  check(sound)();
});

it.each<[string, (bytes: Buffer) => void]>([
  ['has more neighbours than there is room for', (bytes) => bytes.writeUInt32LE(33, NODES + 10)],
  ['a neighbour of node 0 is not in it', (bytes) => bytes.writeUInt32LE(VECTORS - 1, NODES + 14)],
  ['node 0 is on no level', (bytes) => bytes.writeInt16LE(-1, NODES - 2 * (VECTORS - 1))],
  ['node 0 stands for another vector', (bytes) => bytes.writeBigUInt64LE(3n, NODES)],
  ['it has no beginning', (bytes) => bytes.writeBigUInt64LE(BigInt(VECTORS - 1), HEAD + 64 + 32)],
  ['it has no beginning', (bytes) => bytes.writeBigUInt64LE(1000n, HEAD + 64 + 24)],
  ['its nodes have other neighbours', (bytes) => bytes.writeBigUInt64LE(64n, HEAD + 64 + 16)],
  ['it does not describe', (bytes) => bytes.writeBigUInt64LE(7n, HEAD + 33)],
  ['it is of another type', (bytes) => bytes.writeUInt8(12, HEAD + 14)],
  ['it is of another version', (bytes) => bytes.writeUInt16LE(3, HEAD + 7)],
  // Read as a graph of usearch 2.9, the file makes the library write where it must not.
  ['it is of another version', (bytes) => bytes.writeUInt16LE(9, HEAD + 9)],
  ['its vector 1 is another one', (bytes) => bytes.writeFloatLE(0.5, 8 + LENGTH * 4)],
  ['it is over other vectors', (bytes) => bytes.writeUInt32LE(2 ** 31, 0)],
])('is refused: %s', (what, change) => {
  expect(check(changed(change))).toThrow(what);
});

it('of any other length is refused', () => {
  expect(check(Buffer.concat([sound, Buffer.of(0)]))).toThrow('1 bytes stand behind it');
  for (const length of [0, 7, HEAD, NODES, sound.length - 1])
    expect(check(sound.subarray(0, length))).toThrow(RangeError);
});

it('whatever passes can be searched: native code never sees what points out of itself', async () => {
  const query = unit.subarray(0, LENGTH);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: HEAD, max: sound.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, by) => {
        const bytes = changed((each) => each.writeUInt8((each[at] as number) ^ by, at));
        const loaded = await ApproximateVectorSearch.load(unit, LENGTH, bytes, 'graph').catch((error) => error);
        if (loaded instanceof ApproximateVectorSearch) expect(loaded.nearest(query, 5).length).toBeLessThanOrEqual(5);
        else expect(loaded).toMatchObject({ code: 'index-damaged', message: expect.stringContaining('graph') });
      },
    ),
    { numRuns: 300 },
  );
});
