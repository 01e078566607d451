import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@neurodex/autograd';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Embeddings } from '../pictures/embeddings.ts';
import { drawView, renderView } from '../query/augment.ts';
import { type AugmentedView, type InputSource, loadBatch } from './load-batch.ts';
import { rowsOfFile } from './rows-of-file.ts';
import { tinyCatalogue } from './tiny-catalogue.fixture.ts';
import { trainingInput } from './training-input.ts';

const { store } = tinyCatalogue(1);
const BYTES = 16 * 16 * 3;
const picture = (row: number) => store.pixels.slice(row * BYTES, (row + 1) * BYTES);
const ranges = { shift: 0.1, scale: 0.2, rotate: 15, flip: true, colour: 0.3, hue: 20, erase: 0.5 };

describe('pictures of a batch', () => {
  it('stand from the first place on, changed as they are drawn; the others stay', () => {
    const input = new Uint8Array(4 * BYTES).fill(7);
    const view = drawView(16, { ...ranges, strength: 1 }, Random.seeded(1));
    expect(view).not.toBeNull();
    const source = { input: 'pixels', size: 16, pixels: store.pixels } as const;
    loadBatch(source, {
      input,
      first: 1,
      views: [
        { row: 3, view },
        { row: 2, view: null },
      ],
    });
    const changed = new Uint8Array(BYTES);
    renderView(picture(3), changed, 16, view);
    const filler = new Uint8Array(BYTES).fill(7);
    expect([0, 1, 2, 3].map((b) => input.slice(b * BYTES, (b + 1) * BYTES))).toEqual([
      filler,
      changed,
      picture(2),
      filler,
    ]);
  });

  it('are written where the batch lies, which may be in the middle of memory', () => {
    const memory = new Uint8Array(3 * BYTES);
    const input = memory.subarray(BYTES, 2 * BYTES);
    const source = { input: 'pixels', size: 16, pixels: store.pixels } as const;
    loadBatch(source, { input, first: 0, views: [{ row: 4, view: null }] });
    expect(memory.slice(0, BYTES).every((value) => value === 0)).toBe(true);
    expect(memory.slice(BYTES, 2 * BYTES)).toEqual(picture(4));
    expect(memory.slice(2 * BYTES).every((value) => value === 0)).toBe(true);
  });
});

describe('pictures of a file', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neurodex-pixels-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const fileOf = async (name: string, bytes: Uint8Array): Promise<InputSource> => {
    const file = join(folder, name);
    await writeFile(file, bytes);
    return { input: 'pixels', size: 16, pixels: { file } };
  };
  const load = (source: InputSource, first: number, views: readonly AugmentedView[]): Uint8Array => {
    const input = new Uint8Array(5 * BYTES).fill(7);
    loadBatch(source, { input, first, views }, rowsOfFile);
    return input;
  };
  const inMemory: InputSource = { input: 'pixels', size: 16, pixels: store.pixels };

  it('are those in memory, augmented or not, in whatever order', async () => {
    const source = await fileOf('whole', store.pixels);
    const last = store.rows.length - 1;
    const random = Random.seeded(5);
    const views = [last, 0, 3, 3].map((row, i) => ({
      row,
      view: i === 2 ? drawView(16, { ...ranges, strength: 1 }, random) : null,
    }));
    const loaded = load(source, 1, views);
    expect(loaded).toEqual(load(inMemory, 1, views));
    expect(loaded.slice(BYTES, 2 * BYTES)).toEqual(picture(last));
    expect(loaded.slice(3 * BYTES, 4 * BYTES)).not.toEqual(picture(3));
  });

  it('are refused where the file ends before them', async () => {
    const source = await fileOf('short', store.pixels.subarray(0, 3 * BYTES - 1));
    expect(load(source, 0, [{ row: 1, view: null }]).slice(0, BYTES)).toEqual(picture(1));
    for (const row of [2, 3, 100])
      expect(() => load(source, 0, [{ row, view: null }])).toThrow(`ends before row ${row}`);
    const none: InputSource = { input: 'pixels', size: 16, pixels: { file: join(folder, 'none') } };
    expect(() => load(none, 0, [{ row: 0, view: null }])).toThrow('ENOENT');
  });
});

/** Embeddings of a store, with a note of what is read. */
function embeddingsOf(views: number) {
  const read: unknown[] = [];
  const embeddings = {
    views,
    place: (row: number, view: number) => row * (1 + views) + view,
    readInto: (target: Uint8Array, first: number, places: readonly number[]) =>
      void read.push([target.buffer, target.byteOffset, target.byteLength, first, places]),
  } as unknown as Embeddings;
  return { embeddings, read };
}

describe('embeddings of a batch', () => {
  it('are read into their places', () => {
    const { embeddings, read } = embeddingsOf(2);
    const memory = new Float32Array(10);
    const input = memory.subarray(2, 8);
    const task = { input, first: 3, views: [5, 1].map((row) => ({ row, view: null })) };
    loadBatch({ input: 'embeddings', embeddings }, task);
    expect(read).toEqual([[memory.buffer, 8, 24, 3, [5, 1]]]);
  });
});

describe('what training draws of a picture', () => {
  it('is a view of its pixels, and none at strength 0', () => {
    const input = trainingInput('pixels', store);
    expect([input.augments, input.source]).toEqual([true, { input: 'pixels', size: 16, pixels: store.pixels }]);
    const view = drawView(16, { ...ranges, strength: 0.5 }, Random.seeded(1));
    expect(input.draw(3, 0.5, ranges, Random.seeded(1))).toEqual({ row: 3, view });
    expect(input.draw(3, 0, ranges, Random.seeded(1))).toEqual({ row: 3, view: null });
  });

  it('is one of the stored views of its embedding, each as often; none at strength 0 or where there are none', () => {
    const { embeddings } = embeddingsOf(3);
    const input = trainingInput('embeddings', { ...store, embeddings });
    expect([input.augments, input.source]).toEqual([false, { input: 'embeddings', embeddings }]);
    const [random, other] = [Random.seeded(1), Random.seeded(1)];
    const drawn = Array.from({ length: 40 }, () => input.draw(5, 0.1, ranges, random));
    expect(drawn).toEqual(drawn.map(() => ({ row: 5 * 4 + 1 + other.integer(3), view: null })));
    expect(new Set(drawn.map(({ row }) => row))).toEqual(new Set([21, 22, 23]));
    const before = random.state;
    expect(input.draw(5, 0, ranges, random)).toEqual({ row: 20, view: null });
    const without = trainingInput('embeddings', { ...store, embeddings: embeddingsOf(0).embeddings });
    expect(without.draw(5, 1, ranges, random)).toEqual({ row: 5, view: null });
    expect(random.state).toEqual(before);
  });

  it('is refused where the network reads embeddings and there are none', () => {
    expect(() => trainingInput('embeddings', store)).toThrow(
      new RangeError('the network reads embeddings, and the catalogue has none'),
    );
  });
});
