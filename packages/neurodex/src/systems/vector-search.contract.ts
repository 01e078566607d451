import { Random } from '@neurodex/autograd';
import { describe, expect, it } from 'vitest';
import { normalised, type VectorSearch } from './vector-search.ts';

const LENGTH = 12;

/** What every search over vectors keeps, whatever it looks at. */
export function vectorSearchContract(
  name: string,
  build: (unit: Float32Array, length: number) => Promise<VectorSearch>,
) {
  /** Counts, as histograms are; every tenth is zero. */
  function histograms(n: number, seed: number): Float32Array {
    const random = Random.seeded(seed);
    return Float32Array.from({ length: n * LENGTH }, (_, i) =>
      Math.floor(i / LENGTH) % 10 === 4 ? 0 : random.integer(9),
    );
  }
  const cosine = (a: Float32Array, b: Float32Array): number => {
    const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  };
  const at = (values: Float32Array, i: number) => values.subarray(i * LENGTH, (i + 1) * LENGTH);

  describe(`search over vectors, ${name}`, () => {
    it('finds the nearest by cosine, best first, with exact cosines, and no zero vector', async () => {
      const values = histograms(400, 1);
      const search = await build(normalised(values, LENGTH), LENGTH);
      const queries = histograms(20, 2);
      let found = 0;
      for (let q = 0; q < 20; q++) {
        const query = at(queries, q);
        if (query.every((value) => value === 0)) continue;
        const answers = search.nearest(query, 10);
        expect(answers).toHaveLength(10);
        for (const { position, score } of answers) {
          expect(position % 10).not.toBe(4);
          expect(score).toBeCloseTo(cosine(query, at(values, position)), 5);
        }
        expect(answers.map(({ score }) => score)).toEqual(answers.map(({ score }) => score).sort((a, b) => b - a));
        const best = Array.from({ length: 400 }, (_, i) => ({ i, score: cosine(query, at(values, i)) }))
          .filter(({ score }) => !Number.isNaN(score))
          .sort((a, b) => b.score - a.score)
          .slice(0, 10);
        const positions = new Set(answers.map(({ position }) => position));
        found += best.filter(({ i }) => positions.has(i)).length;
      }
      expect(found / (18 * 10)).toBeGreaterThan(0.97);
    });

    it('gives everything with a direction when more is asked for than there is', async () => {
      const values = histograms(300, 3);
      const search = await build(normalised(values, LENGTH), LENGTH);
      const answers = search.nearest(at(values, 0), 1000);
      expect(answers).toHaveLength(270);
      expect(new Set(answers.map(({ position }) => position)).size).toBe(270);
      expect(answers[0]).toMatchObject({ position: 0 });
    });

    it('never finds a zero vector, even where more is asked for than the others are', async () => {
      const values = histograms(30, 6);
      const search = await build(normalised(values, LENGTH), LENGTH);
      for (const q of [0, 1, 29]) {
        const positions = search.nearest(at(values, q), 30).map(({ position }) => position);
        expect(positions).toHaveLength(27);
        expect(positions.filter((position) => position % 10 === 4)).toEqual([]);
        expect(positions[0]).toBe(q);
      }
    });

    it('ranks by position for a query without direction', async () => {
      const search = await build(normalised(histograms(30, 4), LENGTH), LENGTH);
      expect(search.nearest(new Float32Array(LENGTH), 3)).toEqual(
        [0, 1, 2].map((position) => ({ position, score: 0 })),
      );
    });

    it('gives the same answers when it is built again', async () => {
      const unit = normalised(histograms(500, 5), LENGTH);
      const [one, two] = [await build(unit, LENGTH), await build(unit, LENGTH)];
      for (let q = 0; q < 5; q++) expect(two.nearest(at(unit, q), 7)).toEqual(one.nearest(at(unit, q), 7));
    });
  });
}
