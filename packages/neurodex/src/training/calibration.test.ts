import { Random } from '@neurodex/autograd';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CalibrationQuery, fitTemperature, relevantMass, samplePlaces } from './calibration.ts';

const D = 5;
const random = Random.seeded(7);
const unit = (values: readonly number[]): number[] => values.map((x) => x / Math.hypot(...values));
const normals = (count: number): number[] => Array.from({ length: count }, () => random.normal());
/** A unit vector at some distance from another. */
const near = (centre: readonly number[], spread: number): number[] =>
  unit(centre.map((x) => x + spread * random.normal()));

const sampleOf = (states: Float32Array, drawn: Random): number[] => samplePlaces(states.length / D, drawn);

/** Pictures about centres, and queries that ask for those of their centre. */
function clustered(centres: number, each: number, queries: number, spread: number) {
  const means = Array.from({ length: centres }, () => unit(normals(D)));
  const states = means.flatMap((mean) => Array.from({ length: each }, () => near(mean, spread)));
  const asked = Array.from({ length: queries }, (_, q): CalibrationQuery => {
    const c = q % centres;
    return {
      state: Float32Array.from(near(means[c] ?? [], spread)),
      relevant: new Set(Array.from({ length: each }, (_, i) => c * each + i)),
    };
  });
  return { states: Float32Array.from(states.flat()), queries: asked };
}

/** exp(τ·cosine) of every picture, summed over those of a group and over all. */
function massOf(state: Float32Array, group: ReadonlySet<number>, states: Float32Array, temperature: number): number {
  let [inside, all] = [0, 0];
  for (let place = 0; place * D < states.length; place++) {
    let cosine = 0;
    for (let d = 0; d < D; d++) cosine += (state[d] ?? NaN) * (states[place * D + d] ?? NaN);
    all += Math.exp(temperature * cosine);
    if (group.has(place)) inside += Math.exp(temperature * cosine);
  }
  return inside / all;
}

const likelihood = (queries: readonly CalibrationQuery[], states: Float32Array, temperature: number): number =>
  queries.reduce((sum, { state, relevant }) => sum + Math.log(massOf(state, relevant, states, temperature)), 0);

describe('the temperature of a memory', () => {
  it.each([0.25, 0.5, 1])(
    'gives the relevant pictures the greatest likelihood: a dense grid finds none greater, spread %d',
    (spread) => {
      const { states, queries } = clustered(4, 8, 25, spread);
      const fitted = fitTemperature(queries, states, D, sampleOf(states, Random.seeded(1))) ?? NaN;
      const grid = Array.from({ length: 2000 }, (_, i) => 600 ** (i / 1999));
      const [best = NaN] = grid
        .map((temperature) => [temperature, likelihood(queries, states, temperature)] as const)
        .reduce((most, each) => (each[1] > most[1] ? each : most));
      // The grid's steps are a third of a percent; the maximum lies inside it.
      expect(best).toBeGreaterThan(1.1);
      expect(best).toBeLessThan(500);
      expect(Math.abs(Math.log(fitted / best))).toBeLessThan(0.005);
      expect(likelihood(queries, states, fitted)).toBeGreaterThanOrEqual(likelihood(queries, states, best) - 1e-9);
    },
  );

  it('is close to what all pictures give where only some of many are compared', () => {
    const { states, queries } = clustered(30, 200, 60, 0.5);
    const fitted = fitTemperature(queries, states, D, sampleOf(states, Random.seeded(1))) ?? NaN;
    const grid = Array.from({ length: 60 }, (_, i) => 2 * 1.05 ** i);
    const [best = NaN] = grid
      .map((temperature) => [temperature, likelihood(queries, states, temperature)] as const)
      .reduce((most, each) => (each[1] > most[1] ? each : most));
    expect(best).toBeLessThan(36);
    expect(Math.abs(Math.log(fitted / best))).toBeLessThan(0.1);
    // Which are compared is drawn, and no other random number is.
    expect(fitTemperature(queries, states, D, sampleOf(states, Random.seeded(1)))).toBe(fitted);
  });

  it('ends at a bound where likelihood only rises or falls', () => {
    const states = Float32Array.from([...unit([1, 0, 0, 0, 0]), ...unit([0, 1, 0, 0, 0])]);
    const ask = (place: number): CalibrationQuery => ({ state: states.slice(0, D), relevant: new Set([place]) });
    // All cosines of what is relevant are higher, then lower.
    expect(fitTemperature([ask(0)], states, D, sampleOf(states, random)) ?? NaN).toBeGreaterThan(10);
    expect(fitTemperature([ask(1)], states, D, sampleOf(states, random))).toBeCloseTo(1, 3);
  });

  it('is none where no query has a relevant picture and another that is not', () => {
    const states = Float32Array.from([...unit(normals(D)), ...unit(normals(D))]);
    const query = (...relevant: number[]): CalibrationQuery => ({
      state: states.slice(0, D),
      relevant: new Set(relevant),
    });
    expect(fitTemperature([], states, D, sampleOf(states, random))).toBeUndefined();
    expect(fitTemperature([query(), query(0, 1)], states, D, sampleOf(states, random))).toBeUndefined();
    expect(fitTemperature([query(), query(0)], states, D, sampleOf(states, random))).toBeGreaterThan(0);
  });
});

describe('the probability of a group', () => {
  it('is its share of the sum over all pictures', () => {
    const { states } = clustered(3, 10, 0, 0.7);
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(29), { minLength: 1, maxLength: 29 }),
        fc.double({ min: 1, max: 300, noNaN: true }),
        (places, temperature) => {
          const [state, group] = [Float32Array.from(unit(normals(D))), new Set(places)];
          const mass = relevantMass(
            { state, relevant: group },
            states,
            D,
            temperature,
            sampleOf(states, Random.seeded(1)),
          );
          expect(mass).toBeCloseTo(massOf(state, group, states, temperature), 9);
        },
      ),
    );
  });

  it('is 1 for all of them, and 0 for none', () => {
    const { states } = clustered(1, 6, 0, 0.7);
    const state = Float32Array.from(unit(normals(D)));
    const of = (count: number) =>
      relevantMass(
        { state, relevant: new Set(Array.from({ length: count }, (_, i) => i)) },
        states,
        D,
        20,
        sampleOf(states, random),
      );
    expect(of(6)).toBe(1);
    expect(of(0)).toBe(0);
  });

  it.each([300, 3000])('is estimated from some of many, of a group of %i', (size) => {
    const { states } = clustered(20, 250, 0, 0.8);
    const group = new Set(random.shuffled(Array.from({ length: 5000 }, (_, i) => i)).slice(0, size));
    const state = Float32Array.from(unit(normals(D)));
    const exact = massOf(state, group, states, 5);
    const mass = relevantMass({ state, relevant: group }, states, D, 5, sampleOf(states, Random.seeded(2)));
    expect(mass).not.toBe(exact);
    expect(Math.abs(mass / exact - 1)).toBeLessThan(0.15);
  });
});
