import { describe, expect, it } from 'vitest';
import { asFile, type Column, type DataPage, dataPage, metadataOf, varint } from './parquet-bytes.fixture.ts';
import { guarded } from './table-guard.ts';

/** 3: RLE, 8: RLE_DICTIONARY */
const [RLE, DICTIONARY] = [3, 8];

async function read(page: DataPage, column: Column): Promise<void> {
  const bytes = dataPage({ values: 4, rows: 4, ...page });
  const { schema, metadata } = metadataOf(bytes.length, { path: ['REQUIRED'], ...column });
  await guarded(asFile(bytes), metadata, schema, 1).slice(0, bytes.length);
}

describe('numbers of a dictionary', () => {
  const encoded = (bytes: readonly number[], values = 4) => read({ encoding: DICTIONARY, bytes, values }, {});
  const bad = async (what: string, ...args: Parameters<typeof encoded>) =>
    await expect(encoded(...args)).rejects.toThrow(new RangeError(what));

  it.each([
    [0, 0],
    [1, 1],
    [8, 1],
    [9, 2],
    [16, 2],
    [24, 3],
  ])('of %i bits take %i bytes in a run', async (width, length) => {
    const value = Array<number>(length).fill(0);
    await encoded([width, 8, ...value]);
    if (length > 0) await bad('a run is cut off', [width, 8, ...value.slice(1)]);
  });

  it('of 25 bits and more are refused', async () => {
    await bad('a run has numbers that are too large', [25, 8, 0, 0, 0, 0]);
  });

  it('side by side take as many bytes as eight of them have bits', async () => {
    await encoded([5, 3, 0, 0, 0, 0, 0]);
    await bad('a run is cut off', [5, 3, 0, 0, 0, 0]);
    await encoded([5, 5, ...Array<number>(10).fill(0)], 16);
    await bad('a run is cut off', [5, 5, ...Array<number>(9).fill(0)], 16);
  });

  it('are as many as there are values that are not null', async () => {
    const page: DataPage = { encoding: DICTIONARY, values: 4, nulls: 1, definition: 2, bytes: [3, 7, 0, 6] };
    await read(page, { path: ['OPTIONAL'] });
    const more = { ...page, bytes: [3, 7, 0, 8] };
    await expect(read(more, { path: ['OPTIONAL'] })).rejects.toThrow('a run has another length');
  });

  it('of no values need not be there', async () => {
    await read({ encoding: DICTIONARY, values: 0, rows: 0, bytes: [] }, {});
  });
});

describe('truths', () => {
  it('in runs stand behind four bytes', async () => {
    await read({ encoding: RLE, bytes: [2, 0, 0, 0, 8, 1] }, { type: 'BOOLEAN' });
    await read({ encoding: RLE, bytes: [2, 0, 0, 0, 3, 1] }, { type: 'BOOLEAN' });
    const bad = read({ encoding: RLE, bytes: [2, 0, 0, 0, 10, 1] }, { type: 'BOOLEAN' });
    await expect(bad).rejects.toThrow(new RangeError('a run has another length'));
    const cut = read({ encoding: RLE, bytes: [8, 1, 0, 0] }, { type: 'BOOLEAN' });
    await expect(cut).rejects.toThrow(new RangeError('no length stands at byte 0'));
  });

  it('alone are in runs, and nothing is encoded in other ways', async () => {
    const what = new RangeError('a page is encoded otherwise');
    await expect(read({ encoding: RLE, bytes: [2, 0, 0, 0, 8, 1] }, {})).rejects.toThrow(what);
    for (const encoding of [4, 5, 9]) {
      await expect(read({ encoding, bytes: [0, 8] }, { type: 'BOOLEAN' })).rejects.toThrow(what);
    }
  });
});

describe('what Snappy compressed', () => {
  /** A width of no bits, and a run of four values: whatever stands behind it is not looked at. */
  const RUN = [0, 8];
  const literal = (bytes: readonly number[]) => [(bytes.length - 1) << 2, ...bytes];
  const compressed = (full: number, bytes: readonly number[], more: Partial<DataPage> = {}) =>
    read({ encoding: DICTIONARY, full, bytes, ...more }, { codec: 'SNAPPY' });
  const bad = async (what: string, ...args: Parameters<typeof compressed>) =>
    await expect(compressed(...args)).rejects.toThrow(new RangeError(what));

  it('passes, and is looked at as it is when it is decompressed', async () => {
    await compressed(2, [2, ...literal(RUN)]);
    await bad('a run has another length', 2, [2, ...literal([0, 10])]);
  });

  it('may have been left as it was', async () => {
    await compressed(2, RUN, { isCompressed: false });
    await bad('a run has another length', 2, [0, 10], { isCompressed: false });
    await read({ encoding: DICTIONARY, bytes: RUN }, {});
  });

  it('has the length that it says', async () => {
    await bad('a page has another length than it says', 3, [2, ...literal(RUN)]);
    await bad('a page has another length than it says', 1, [2, ...literal(RUN)]);
  });

  it('is no longer than it says', async () => {
    await bad('a page is longer than it says', 2, [2, ...literal([...RUN, 0])]);
    await bad('a page is longer than it says', 2, [2, ...literal(RUN), ...literal([0])]);
    await bad('a page is longer than it says', 2, [2, 4, 0]);
  });

  /** Copies repeat what stands `offset` bytes before them. */
  it.each<[string, number, (length: number) => readonly number[]]>([
    ['a copy of 4 with one byte of offset', 4, () => [0b00000001, 2]],
    ['a copy of 11 with one byte of offset', 11, () => [0b00011101, 2]],
    ['a copy of 1 with two bytes of offset', 1, () => [0b00000010, 2, 0]],
    ['a copy of 64 with two bytes of offset', 64, () => [0b11111110, 2, 0]],
    ['a copy of 33 with four bytes of offset', 33, () => [0b10000011, 2, 0, 0, 0]],
    ['a literal of 60', 60, (n) => [(n - 1) << 2, ...Array<number>(n).fill(1)]],
    ['a literal of 61, whose length stands apart', 61, (n) => [60 << 2, n - 1, ...Array<number>(n).fill(1)]],
    ['a literal of 300 with two bytes of length', 300, (n) => [61 << 2, 43, 1, ...Array<number>(n).fill(1)]],
    ['a literal of 300 with three bytes of length', 300, (n) => [62 << 2, 43, 1, 0, ...Array<number>(n).fill(1)]],
    ['a literal of 300 with four bytes of length', 300, (n) => [63 << 2, 43, 1, 0, 0, ...Array<number>(n).fill(1)]],
  ])('is as long as its parts: %s', async (_, length, part) => {
    const stream = (full: number, more: readonly number[] = []) => [
      ...varint(full),
      ...literal(RUN),
      ...part(length),
      ...more,
    ];
    const full = length + 2;
    await compressed(full, stream(full));
    await compressed(full + 1, stream(full + 1, literal([0])));
    await bad('a page is longer than it says', full - 1, stream(full - 1));
    await bad('a page is longer than it says', full, stream(full).slice(0, -1));
  });

  it('has no literal of a length of 2³² and more', async () => {
    await bad('a page is longer than it says', 2, [2, 63 << 2, 255, 255, 255, 255, 0, 8]);
    await bad('a page is longer than it says', 258, [...varint(258), ...literal(RUN), 61 << 2, 255, 255, 0]);
  });
});
