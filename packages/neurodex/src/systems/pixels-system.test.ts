import { Random } from '@neurodex/autograd';
import { describe, expect, it } from 'vitest';
import { noThumbnail } from '../pictures/no-thumbnail.fixture.ts';
import { type PictureStore, partsOf } from '../pictures/picture-store.ts';
import { PixelsSystem } from './pixels-system.ts';
import { asQueries } from './queries.fixture.ts';

/** Odd, so that a picture's length is no multiple of four. */
const SIZE = 9;
const BYTES = SIZE * SIZE * 3;

function storeOf(count: number): PictureStore {
  const pixels = new Uint8Array(count * BYTES);
  Random.seeded(3).fillBytes(pixels);
  const pictures = Array.from({ length: count }, (_, row) => ({
    row,
    id: row,
    path: `${row}.png`,
    labels: ['x'],
    role: row % 3 === 0 ? ('test' as const) : ('catalogue' as const),
  }));
  return { size: SIZE, ...partsOf(pictures), hasClasses: true, notices: [], skipped: [], pixels, ...noThumbnail };
}

describe('the pixels baseline', () => {
  const store = storeOf(20);

  it('is the cosine of the pixel values, best first', async () => {
    const query = new Uint8Array(BYTES);
    Random.seeded(9).fillBytes(query);
    const [answers = []] = await new PixelsSystem(store).rank(asQueries(query, BYTES), 100);
    const cosine = (row: number) => {
      const other = store.pixels.subarray(row * BYTES, (row + 1) * BYTES);
      const dot = (a: Uint8Array, b: Uint8Array) => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
      return dot(query, other) / Math.sqrt(dot(query, query) * dot(other, other));
    };
    expect(answers).toHaveLength(13);
    for (const { row, score } of answers) {
      expect(row % 3).not.toBe(0);
      expect(score).toBeCloseTo(cosine(row), 6);
    }
    expect(answers.map(({ score }) => score)).toEqual(answers.map(({ score }) => score).sort((a, b) => b - a));
  });

  it('finds a picture itself, brightness apart, and ranks a black query by row', async () => {
    const system = new PixelsSystem(store);
    const own = store.pixels.slice(7 * BYTES, 8 * BYTES).map((x) => x >> 1);
    expect((await system.rank(asQueries(own, BYTES), 1))[0]?.[0]).toMatchObject({ row: 7 });
    const [black = []] = await system.rank(asQueries(new Uint8Array(BYTES), BYTES), 3);
    expect(black).toEqual([1, 2, 4].map((row) => ({ row, score: 0 })));
  });
});
