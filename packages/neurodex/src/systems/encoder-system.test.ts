import { describe, expect, it } from 'vitest';
import type { Encoder } from '../models/encoder/encoder.ts';
import { QueryEncoder } from '../models/encoder/query-encoder.ts';
import type { StoredPicture } from '../pictures/picture-store.ts';
import type { PictureQuery, StoredEmbedding } from '../query/query.ts';
import { EncoderSystem } from './encoder-system.ts';

/** Two tokens of two numbers: the picture's first four bytes. */
const embedded: Uint8Array[][] = [];
const encoderOf = (size: number): Encoder =>
  ({
    facts: { size, tokens: 2, channels: 2 },
    length: 4,
    embed: async (pictures: readonly Uint8Array[]) => {
      embedded.push([...pictures]);
      return Float32Array.from(pictures.flatMap((picture) => [...picture.subarray(0, 4)]));
    },
  }) as unknown as Encoder;

const EDGE = 4;
const BYTES = EDGE * EDGE * 3;
const pixelsOf = (...first: number[]) => Uint8Array.from({ length: BYTES }, (_, i) => first[i % 4] ?? 0);
const query = (first: number[], embedding?: StoredEmbedding): PictureQuery => ({
  kind: 'picture',
  pixels: pixelsOf(...first),
  thumbnail: async () => ({ size: 8, pixels: new Uint8Array(8 * 8 * 3).fill(first[0] ?? 0) }),
  ...(embedding === undefined ? {} : { embedding }),
});
const stored = (producer: string, ...values: number[]): StoredEmbedding => ({
  producer,
  read: () => Float32Array.from(values),
});

describe('QueryEncoder', () => {
  it('embeds what is not stored under its own encoder, each in its place', async () => {
    embedded.length = 0;
    const encoder = new QueryEncoder(encoderOf(EDGE), 'mine', EDGE);
    const out = await encoder.embed([
      query([1, 2, 3, 4]),
      query([5, 6, 7, 8], stored('mine', 50, 60, 70, 80)),
      query([9, 10, 11, 12], stored('another', 90, 91, 92, 93)),
    ]);
    expect([...out]).toEqual([1, 2, 3, 4, 50, 60, 70, 80, 9, 10, 11, 12]);
    expect(embedded.map((pictures) => pictures.length)).toEqual([2]);
  });

  it('makes the picture from the thumbnail where the encoder takes another size', async () => {
    embedded.length = 0;
    const encoder = new QueryEncoder(encoderOf(6), 'mine', EDGE);
    await encoder.embed([query([9, 2, 3, 4])]);
    expect(embedded[0]?.[0]).toEqual(new Uint8Array(6 * 6 * 3).fill(9));
  });
});

describe('the nearest embeddings', () => {
  /** Rows are not positions; one picture has no direction. */
  const pictures = [4, 6, 7, 9].map((row) => ({ row }) as StoredPicture);
  const vectors = Float32Array.of(0, 5, 0, 0, 3, 3, 2, 0);
  const system = () =>
    new EncoderSystem({ pictures, vectors, queries: new QueryEncoder(encoderOf(EDGE), 'mine', EDGE) });

  it('are those by cosine of the mean over tokens; a picture without direction comes last', async () => {
    // Mean of (2, 0) and (6, 0) is (4, 0); of (0, 1) and (0, 3) it is (0, 2).
    const [right = [], up = []] = await system().rank([query([2, 0, 6, 0]), query([0, 1, 0, 3])], 10);
    expect(right.map(({ row }) => row)).toEqual([9, 7, 4, 6]);
    [1, Math.SQRT1_2, 0, -1].forEach((score, i) => {
      expect(right[i]?.score).toBeCloseTo(score, 6);
    });
    expect(up.map(({ row }) => row)).toEqual([4, 7, 9, 6]);
  });

  it('are as many as are asked for', async () => {
    const rows = async (k: number) => (await system().rank([query([2, 0, 6, 0])], k))[0]?.map(({ row }) => row);
    expect([await rows(1), await rows(3), await rows(4)]).toEqual([[9], [9, 7, 4], [9, 7, 4, 6]]);
  });

  it('are a baseline by this name', async () => {
    expect([system().name, system().memorises]).toEqual(['encoder', false]);
    await system().close();
  });
});
