import { describe, expect, it } from 'vitest';
import type { PictureQuery, Query } from '../../query/query.ts';
import { composeStates } from './compose-states.ts';

/** A picture whose state is the unit vector along an axis; texts are axes by their names. */
const picture = (axis: number): PictureQuery => ({
  kind: 'picture',
  pixels: Uint8Array.of(axis),
  thumbnail: () => Promise.reject(new Error('there is no thumbnail')),
});
const text = (name: string) => ({ kind: 'text', text: name }) as const;
const along = (axes: readonly number[]): Float32Array =>
  Float32Array.from(axes.flatMap((axis) => [0, 1, 2].map((d) => (d === axis ? 1 : 0))));
const asked: string[] = [];
const sources = {
  async pictures(queries: readonly PictureQuery[]) {
    asked.push(`${queries.length} pictures`);
    return along(queries.map(({ pixels }) => pixels[0] ?? NaN));
  },
  async texts(texts: readonly string[]) {
    asked.push(`${texts.length} texts`);
    return along(texts.map(Number));
  },
};
const statesOf = async (queries: readonly Query[]): Promise<number[][]> => {
  asked.length = 0;
  const states = await composeStates(queries, 3, sources);
  return queries.map((_, i) => [...states.subarray(3 * i, 3 * i + 3)]);
};

describe('states of queries', () => {
  it('of pictures and words come in their order, each kind encoded together', async () => {
    const states = await statesOf([text('2'), picture(0), text('1'), picture(1)]);
    expect(states).toEqual([
      [0, 0, 1],
      [1, 0, 0],
      [0, 1, 0],
      [0, 1, 0],
    ]);
    expect(asked).toEqual(['2 pictures', '2 texts']);
    expect(await statesOf([picture(1), picture(2)])).toEqual([
      [0, 1, 0],
      [0, 0, 1],
    ]);
    expect(asked).toEqual(['2 pictures']);
  });

  it('of composed queries are weighted sums of length 1', async () => {
    const parts = [
      { query: picture(0), weight: 1 },
      { query: text('1'), weight: 2 },
      { query: text('2'), weight: -2 },
    ];
    const [state = [], own] = await statesOf([{ kind: 'composed', parts }, text('0')]);
    expect(state.map((x) => x * 3)).toEqual([1, 2, -2].map((x) => expect.closeTo(x, 5)));
    expect(own).toEqual([1, 0, 0]);
  });

  it('are refused where nothing is left of a query, and where no network reads', async () => {
    const parts = [
      { query: picture(0), weight: 1 },
      { query: text('0'), weight: -1 },
    ];
    await expect(statesOf([{ kind: 'composed', parts }])).rejects.toMatchObject({ code: 'query-empty' });
    const blind = { pictures: sources.pictures, texts: undefined };
    await expect(composeStates([text('0')], 3, blind)).rejects.toThrow(RangeError);
    await expect(composeStates([{ kind: 'composed', parts }], 3, blind)).rejects.toThrow(RangeError);
    expect(await composeStates([picture(2)], 3, blind)).toEqual(along([2]));
  });
});
