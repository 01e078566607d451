import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApproximateVectorSearch, MOST_APPROXIMATE } from './approximate-search.ts';
import { byScore, dot, ExactVectorSearch, isZero, normalised } from './vector-search.ts';

describe('vectors', () => {
  it('are brought to unit length one by one, and one of zeros stays', () => {
    // 3² + 4² = 5², 8² + 6² = 10².
    const unit = normalised(Float32Array.of(3, 4, 0, 0, -8, 6), 2);
    expect([...unit].map((value) => Number(value.toFixed(6)))).toEqual([0.6, 0.8, 0, 0, -0.8, 0.6]);
    expect(normalised(new Float32Array(), 2)).toHaveLength(0);
  });

  it('are zero where all of their own numbers are', () => {
    const vectors = Float32Array.of(1, 0, 0, 0, 0, 1);
    expect([0, 1, 2].map((position) => isZero(vectors, 2, position))).toEqual([false, true, false]);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13])('of %i numbers are multiplied, from any place on', (length) => {
    const query = Float32Array.from({ length }, (_, i) => i + 1);
    const vectors = Float32Array.from({ length: 3 + length + 5 }, (_, i) => 2 * i - 7);
    let sum = 0;
    for (let i = 0; i < length; i++) sum += (i + 1) * (2 * (i + 3) - 7);
    expect(dot(query, vectors, 3)).toBe(sum);
  });

  it('that were found are ordered by score, the highest first, and then by position', () => {
    const found = [
      { position: 4, score: 0.5 },
      { position: 2, score: 0.5 },
      { position: 3, score: 0.9 },
      { position: 1, score: -1 },
    ];
    expect(found.sort(byScore).map(({ position }) => position)).toEqual([3, 2, 4, 1]);
  });

  it('are found by cosine, ties by position', () => {
    const search = new ExactVectorSearch(normalised(Float32Array.of(0, 2, 1, 0, 0, 0, 3, 0, 1, 1), 2), 2);
    const found = search.nearest(Float32Array.of(5, 0), 10);
    expect(found.map(({ position }) => position)).toEqual([1, 3, 4, 0]);
    [1, 1, Math.SQRT1_2, 0].forEach((score, i) => {
      expect(found[i]?.score).toBeCloseTo(score, 6);
    });
    expect(search.nearest(Float32Array.of(5, 0), 2)).toEqual(found.slice(0, 2));
    expect(search.nearest(Float32Array.of(5, 0), 0)).toEqual([]);
  });
});

describe('a graph of vectors', () => {
  let folder = '';
  const before = process.env.TMPDIR;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'neurodex-vectors-'));
    process.env.TMPDIR = folder;
  });
  afterEach(() => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(folder, { recursive: true });
  });

  /** 200 directions in a plane, a degree apart; the 8th is none. */
  const unit = normalised(
    Float32Array.from({ length: 400 }, (_, i) => {
      const angle = (Math.floor(i / 2) * Math.PI) / 180;
      return Math.floor(i / 2) === 7 ? 0 : i % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
    }),
    2,
  );

  it('is read from its file by way of a copy, of which nothing is left', async () => {
    const path = join(folder, 'graph');
    (await ApproximateVectorSearch.build(unit, 2)).save(path);
    const loaded = await ApproximateVectorSearch.load(unit, 2, readFileSync(path), path);
    expect(readdirSync(folder)).toEqual(['graph']);
    expect(loaded.nearest(unit.subarray(20, 22), 3).map(({ position }) => position)).toEqual([10, 9, 11]);
  });

  it('that is none is refused, and named', async () => {
    await expect(ApproximateVectorSearch.load(unit, 2, new Uint8Array(9), 'its file')).rejects.toMatchObject({
      code: 'index-damaged',
      message: 'its file is no graph over the histograms of this index: it is cut off',
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('gives as many as are asked for, up to all that have a direction', async () => {
    const search = await ApproximateVectorSearch.build(unit, 2);
    const query = Float32Array.of(2, 0);
    for (const k of [1, MOST_APPROXIMATE, MOST_APPROXIMATE + 1]) {
      const positions = search.nearest(query, k).map(({ position }) => position);
      // From 0° on, without 7°.
      expect(positions).toEqual([...Array(k + 1).keys()].filter((position) => position !== 7).slice(0, k));
    }
    const all = search.nearest(query, 1000);
    expect(all).toHaveLength(199);
    expect(all.at(-1)?.position).toBe(180);
    expect(search.nearest(new Float32Array(2), 2)).toEqual([
      { position: 0, score: 0 },
      { position: 1, score: 0 },
    ]);
  });
});
