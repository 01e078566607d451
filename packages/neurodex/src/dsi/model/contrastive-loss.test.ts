import {
  float32,
  gradients,
  openParameters,
  parameterCount,
  Random,
  type Tensor,
  trace,
  uint8,
} from '@neurodex/autograd';
import { beforeAll, describe, expect, it } from 'vitest';
import { derivativeAtZero } from '../../../../autograd/src/testing/derivative.ts';
import { evaluate } from '../../../../autograd/src/testing/reference.ts';
import { contrastiveLoss } from './contrastive-loss.ts';
import type { Geometry } from './geometry.ts';
import { dsiParameters, parameterArrays } from './parameters.ts';
import { plainStates } from './plain-network.fixture.ts';

const B = 5;
const BYTES = 4 * 4 * 3;
const TEMPERATURE = 0.25;
const geometry: Geometry = {
  input: 'pixels',
  imageSize: 4,
  patchSize: 2,
  stem: 'linear',
  sequenceLength: 4,
  width: 4,
  feedForwardWidth: 5,
  heads: 2,
  layers: 1,
  vocabulary: 13,
  pad: 11,
  embeddingRows: 9,
  maxIdentifierLength: 3,
  output: 'memory',
  positions: 'sinusoidal',
  attention: 'prefix',
};
const specs = dsiParameters(geometry);
const random = Random.seeded(2);
const parameters = Array.from({ length: parameterCount(specs) }, () => 0.5 * random.normal());
const pictures = new Uint8Array(B * BYTES);
random.fillBytes(pictures);

/** A row adds up to 1, or to 0 where nothing is relevant. */
const SHARES: readonly (readonly number[])[] = [
  [0, 1, 0, 0, 0],
  [0.5, 0, 0.5, 0, 0],
  [0, 1, 0, 0, 0],
  [0, 0, 0, 0, 0],
  [0.25, 0.25, 0.25, 0.25, 0],
];
const NONE = SHARES.map((row) => row.map(() => 0));

/** Logits of a batch by a plain network: cosines divided by the temperature, [B,B]. */
function plainLogits(flat: readonly number[]): number[][] {
  const arrays = parameterArrays(geometry, Float32Array.from(flat));
  // As the flat vector has them, in float64: finite differences need it.
  const place = new Map<string, number>();
  let start = 0;
  for (const [name, { data }] of Object.entries(arrays)) {
    place.set(name, start);
    start += data.length;
  }
  const weights = (name: string) => {
    const [array, from] = [arrays[name], place.get(name)];
    if (array === undefined || from === undefined) throw new RangeError(`no parameter ${name}`);
    return { shape: array.shape, data: flat.slice(from, from + array.data.length) };
  };
  const states = Array.from({ length: B }, (_, b) => {
    const [row = []] = plainStates(weights, pictures.subarray(b * BYTES, (b + 1) * BYTES), [0], geometry).states;
    const norm = Math.hypot(...row);
    return row.map((x) => x / norm);
  });
  return states.map((a) => states.map((b) => a.reduce((sum, x, d) => sum + x * (b[d] ?? NaN), 0) / TEMPERATURE));
}

/** −Σ share·log softmax over the others of the batch, by the mean over the pictures that have anything relevant. */
function plainLoss(logits: readonly (readonly number[])[], shares: readonly (readonly number[])[]): number {
  let [loss, count] = [0, 0];
  for (const [i, row] of logits.entries()) {
    const total = row.reduce((sum, x, j) => (j === i ? sum : sum + Math.exp(x)), 0);
    for (const [j, x] of row.entries()) {
      const share = shares[i]?.[j] ?? NaN;
      if (j !== i) loss -= share * (x - Math.log(total));
      count += share;
    }
  }
  return loss / count;
}

const graph = trace(
  { parameters: float32(parameters.length), input: uint8(B, 4, 4, 3), shares: float32(B, B) },
  (tensors): Record<string, Tensor> => {
    const opened = openParameters(specs, tensors.parameters);
    const { loss, tokenAccuracy } = contrastiveLoss(opened, tensors, TEMPERATURE, geometry, { dropout: 0 });
    const [gradient] = gradients(loss, [tensors.parameters]);
    if (tokenAccuracy === undefined || gradient === undefined)
      throw new RangeError('the loss has no accuracy or gradient');
    return { loss, tokenAccuracy, gradient };
  },
);
/** The graph in float64, from the definition of each operation. */
const evaluated = (shares: readonly (readonly number[])[]) => {
  const out = evaluate(graph, { parameters, input: [...pictures], shares: shares.flat() });
  const numbers = (name: string): readonly number[] => out[name]?.data ?? [];
  return { loss: numbers('loss')[0], accuracy: numbers('tokenAccuracy')[0], gradient: numbers('gradient') };
};

describe('the contrastive loss', () => {
  let whole: ReturnType<typeof evaluated>;
  beforeAll(() => {
    whole = evaluated(SHARES);
  });

  it('is the mean surprise at what is relevant, among all others of the batch', () => {
    expect(whole.loss).toBeCloseTo(plainLoss(plainLogits(parameters), SHARES), 8);
  });

  it('has the gradient that finite differences of a plain network have', () => {
    expect(whole.gradient).toHaveLength(parameters.length);
    for (let n = 0; n < 4; n++) {
      const direction = parameters.map(() => random.normal());
      const numeric = derivativeAtZero((t) =>
        plainLoss(plainLogits(parameters.map((x, i) => x + t * (direction[i] ?? NaN))), SHARES),
      );
      const ours = direction.reduce((sum, x, i) => sum + x * (whole.gradient[i] ?? NaN), 0);
      expect(Math.abs(ours - numeric)).toBeLessThan(1e-6 * Math.max(1, Math.abs(numeric)));
      expect(Math.abs(numeric)).toBeGreaterThan(1e-3);
    }
  });

  it('counts as right a picture whose nearest other one is relevant', () => {
    const logits = plainLogits(parameters);
    const nearestOf = logits.map((row, i) => row.indexOf(Math.max(...row.filter((_, j) => j !== i))));
    const right = nearestOf.filter((nearest, i) => (SHARES[i]?.[nearest] ?? NaN) > 0);
    // Four of the five pictures have anything relevant.
    expect(whole.accuracy).toBeCloseTo(right.length / 4, 9);
    // Each asks for its nearest alone, then for all but that.
    const only = logits.map((row, i) => row.map((_, j) => (j === nearestOf[i] ? 1 : 0)));
    const others = logits.map((row, i) => row.map((_, j) => (j === i || j === nearestOf[i] ? 0 : 1 / 3)));
    expect(evaluated(only).accuracy).toBeCloseTo(1, 9);
    expect(evaluated(others).accuracy).toBe(0);
  });

  it('is 0 without a gradient where nothing is relevant to anything', () => {
    const nothing = evaluated(NONE);
    expect([Math.abs(nothing.loss ?? NaN), nothing.accuracy]).toEqual([0, 0]);
    expect(nothing.gradient.every((x) => Math.abs(x) < 1e-12)).toBe(true);
  });
});
