import { Random } from '@neurodex/autograd';
import { describe, expect, it } from 'vitest';
import { cellsOf, joinCells } from './cells.ts';
import { bestShards, logSumExp, Router } from './router.ts';

const WIDTH = 16;

/** Unit vectors about some centres, in clusters of two levels. */
function shard(seed: number, centres: number, each: number) {
  const random = Random.seeded(seed);
  const paths: number[][] = [];
  const states: number[] = [];
  for (let c = 0; c < centres; c++) {
    const centre = Array.from({ length: WIDTH }, () => random.normal());
    for (let i = 0; i < each; i++) {
      const vector = centre.map((value) => value + 0.4 * random.normal());
      const norm = Math.hypot(...vector);
      states.push(...vector.map((value) => value / norm));
      paths.push([c, i % 3]);
    }
  }
  return { paths, states: Float32Array.from(states) };
}

const exactLogSum = (states: Float32Array, query: Float32Array, temperature: number): number =>
  logSumExp(
    Array.from({ length: states.length / WIDTH }, (_, i) => {
      let product = 0;
      for (let d = 0; d < WIDTH; d++) product += (states[i * WIDTH + d] ?? NaN) * (query[d] ?? NaN);
      return temperature * product;
    }),
  );

describe('Router', () => {
  it.each([1, 10, 40])('estimates log Σ exp(τ·x·h) of each shard, at τ = %d', (temperature) => {
    const shards = Array.from({ length: 6 }, (_, i) => shard(i + 1, 5, 60));
    const cells = joinCells(shards.map(({ paths, states }) => cellsOf(paths, states, WIDTH)));
    const router = new Router(cells, temperature, WIDTH);
    let right = 0;
    const errors: number[] = [];
    for (const [own, { states }] of shards.entries()) {
      for (let i = 0; i < 20; i++) {
        const query = states.slice(i * 15 * WIDTH, (i * 15 + 1) * WIDTH);
        const exact = shards.map((each) => exactLogSum(each.states, query, temperature));
        const estimated = router.logSums(query, 0);
        // Of its own shard the picture itself is a term that no mean tells of.
        for (const [j, value] of exact.entries()) {
          if (j !== own) errors.push(Math.abs((estimated[j] ?? NaN) - value));
        }
        const best = exact.indexOf(Math.max(...exact));
        if (bestShards(estimated, 2).includes(best)) right++;
      }
    }
    // In units of cosines, in which shards are a tenth and more apart.
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length / temperature).toBeLessThan(0.05);
    expect(right / 120).toBeGreaterThan(0.95);
  });

  it('knows a picture that is a cell of its own exactly', () => {
    const { states } = shard(9, 1, 4);
    const paths = [[0], [1], [2], [3]];
    const router = new Router(joinCells([cellsOf(paths, states, WIDTH)]), 30, WIDTH);
    const query = states.slice(0, WIDTH);
    expect(router.logSums(query, 0)[0]).toBeCloseTo(exactLogSum(states, query, 30), 4);
  });
});

describe('cellsOf', () => {
  it('divides the largest clusters, and counts every picture once', () => {
    const { paths, states } = shard(2, 9, 300);
    const { counts, rows } = cellsOf(paths, states, WIDTH);
    // Nine clusters of three each.
    expect(counts).toHaveLength(27);
    expect(counts.reduce((a, b) => a + b, 0)).toBe(2700);
    expect(rows).toHaveLength(27 * WIDTH);
    const weighted = Array.from({ length: WIDTH }, (_, d) =>
      counts.reduce((sum, n, cell) => sum + n * (rows[cell * WIDTH + d] ?? NaN), 0),
    );
    const all = Array.from({ length: WIDTH }, (_, d) => {
      let sum = 0;
      for (let i = 0; i < 2700; i++) sum += states[i * WIDTH + d] ?? NaN;
      return sum;
    });
    for (let d = 0; d < WIDTH; d++) expect(weighted[d]).toBeCloseTo(all[d] ?? NaN, 2);
  });

  it('takes a catalogue that is one cluster, and one of a single picture', () => {
    expect([...cellsOf([[], []], new Float32Array(2 * WIDTH), WIDTH).counts]).toEqual([2]);
    expect([...cellsOf([[]], new Float32Array(WIDTH), WIDTH).counts]).toEqual([1]);
  });
});
