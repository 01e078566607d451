import { float32, gradients, normal, openParameters, parameterCount, Random, trace, uint8 } from '@neurodex/autograd';
import { beforeAll, describe, expect, it } from 'vitest';
import { derivativeAtZero } from '../../../../autograd/src/testing/derivative.ts';
import { evaluate } from '../../../../autograd/src/testing/reference.ts';
import { classLoss, PROXIES } from './class-loss.ts';
import type { Geometry } from './geometry.ts';
import { dsiParameters, parameterArrays } from './parameters.ts';
import { plainStates } from './plain-network.fixture.ts';

const [B, C] = [5, 3];
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
const network = dsiParameters(geometry);
const own = parameterCount(network);
const specs = { ...network, [PROXIES]: normal(1, C, geometry.width) };
const random = Random.seeded(5);
const parameters = Array.from({ length: parameterCount(specs) }, () => 0.5 * random.normal());
const pictures = new Uint8Array(B * BYTES);
random.fillBytes(pictures);

/** One class, another, two at once, none at all, and one again. */
const CLASSES: readonly (readonly number[])[] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0.5, 0.5],
  [0, 0, 0],
  [0, 0, 1],
];
const NONE = CLASSES.map((row) => row.map(() => 0));

const unit = (values: readonly number[]): number[] => values.map((x) => x / Math.hypot(...values));

/** Cosines of states and proxies by a plain network, divided by the temperature: [B,C]. */
function plainLogits(flat: readonly number[]): number[][] {
  const arrays = parameterArrays(geometry, Float32Array.from(flat.slice(0, own)));
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
  const proxies = Array.from({ length: C }, (_, c) => unit(flat.slice(own + c * 4, own + c * 4 + 4)));
  return Array.from({ length: B }, (_, b) => {
    const [row = []] = plainStates(weights, pictures.subarray(b * BYTES, (b + 1) * BYTES), [0], geometry).states;
    const state = unit(row);
    return proxies.map((proxy) => proxy.reduce((sum, x, d) => sum + x * (state[d] ?? NaN), 0) / TEMPERATURE);
  });
}

/** Cross-entropy where nine tenths of a target are its classes and one tenth is spread over all; the mean over pictures that have one. */
function plainLoss(logits: readonly (readonly number[])[], classes: readonly (readonly number[])[]): number {
  let [loss, count] = [0, 0];
  for (const [b, row] of logits.entries()) {
    const weights = classes[b] ?? [];
    if (weights.every((weight) => weight === 0)) continue;
    const total = row.reduce((sum, x) => sum + Math.exp(x), 0);
    for (const [c, x] of row.entries()) loss -= (0.9 * (weights[c] ?? NaN) + 0.1 / C) * Math.log(Math.exp(x) / total);
    count++;
  }
  return loss / count;
}

const graph = trace(
  { parameters: float32(parameters.length), input: uint8(B, 4, 4, 3), classes: float32(B, C) },
  (tensors) => {
    const opened = openParameters(specs, tensors.parameters);
    const { loss, tokenAccuracy } = classLoss(opened, tensors, TEMPERATURE, geometry, { dropout: 0 });
    const [gradient] = gradients(loss, [tensors.parameters]);
    if (tokenAccuracy === undefined || gradient === undefined)
      throw new RangeError('the loss has no accuracy or gradient');
    return { loss, tokenAccuracy, gradient };
  },
);
/** The graph in float64, from the definition of each operation. */
const evaluated = (classes: readonly (readonly number[])[]) => {
  const out = evaluate(graph, { parameters, input: [...pictures], classes: classes.flat() });
  const numbers = (name: string): readonly number[] => out[name]?.data ?? [];
  return { loss: numbers('loss')[0], accuracy: numbers('tokenAccuracy')[0], gradient: numbers('gradient') };
};

describe('the loss over classes', () => {
  let whole: ReturnType<typeof evaluated>;
  beforeAll(() => {
    whole = evaluated(CLASSES);
  });

  it('is the mean surprise at the classes of a picture, a tenth of which is spread over all', () => {
    // The shares of the graph are float32.
    expect(whole.loss).toBeCloseTo(plainLoss(plainLogits(parameters), CLASSES), 7);
  });

  it.each([
    ['of all parameters', 0],
    ['of the proxies alone', own],
  ])('has the gradient %s that finite differences of a plain network have', (_, from) => {
    expect(whole.gradient).toHaveLength(parameters.length);
    for (let n = 0; n < 4; n++) {
      const direction = parameters.map((__, i) => (i < from ? 0 : random.normal()));
      const numeric = derivativeAtZero((t) =>
        plainLoss(plainLogits(parameters.map((x, i) => x + t * (direction[i] ?? NaN))), CLASSES),
      );
      const ours = direction.reduce((sum, x, i) => sum + x * (whole.gradient[i] ?? NaN), 0);
      expect(Math.abs(ours - numeric)).toBeLessThan(1e-6 * Math.max(1, Math.abs(numeric)));
      expect(Math.abs(numeric)).toBeGreaterThan(1e-3);
    }
  });

  it('counts as right a picture whose nearest proxy is of one of its classes', () => {
    const nearest = plainLogits(parameters).map((row) => row.indexOf(Math.max(...row)));
    const right = nearest.filter((c, b) => (CLASSES[b]?.[c] ?? NaN) > 0);
    // Four of the five pictures have a class.
    expect(whole.accuracy).toBeCloseTo(right.length / 4, 9);
    const only = (chosen: (c: number) => number) => nearest.map((c) => [0, 1, 2].map((k) => Number(k === chosen(c))));
    expect(evaluated(only((c) => c)).accuracy).toBeCloseTo(1, 9);
    expect(evaluated(only((c) => (c + 1) % C)).accuracy).toBe(0);
  });

  it('leaves out pictures without labels, and is 0 where no picture has any', () => {
    const changed = evaluated(CLASSES.map((row, b) => (b === 3 ? [1, 0, 0] : row)));
    expect(changed.loss).not.toBeCloseTo(whole.loss ?? NaN, 6);
    const none = evaluated(NONE);
    expect([none.loss, none.accuracy]).toEqual([0, 0].map((zero) => expect.closeTo(zero, 12)));
    expect(none.gradient.every((x) => Math.abs(x) < 1e-12)).toBe(true);
  });
});
