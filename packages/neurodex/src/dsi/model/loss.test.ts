import { float32, int32, loadable, openParameters, parameterCount, Random, trace, uint8 } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { describe, expect, it } from 'vitest';
import { smallNetwork } from '../search/small-network.fixture.ts';
import type { Geometry } from './geometry.ts';
import { dsiLoss } from './loss.ts';
import { dsiParameters, parameterArrays } from './parameters.ts';
import { plainNetwork } from './plain-network.fixture.ts';

const M = 3;
const [B, V] = [2, 13];

/** A network over four patches, of which more than an eighth are tokens, or over 64. */
function networkOf(patchSize: 8 | 2, attention: Geometry['attention']) {
  const made = smallNetwork(5, { attention, positions: 'sinusoidal' });
  const geometry = { ...made.geometry, patchSize, sequenceLength: (16 / patchSize) ** 2, maxIdentifierLength: M };
  const random = Random.seeded(3);
  const specs = dsiParameters(geometry);
  const parameters = Float32Array.from({ length: parameterCount(specs) }, () => 0.3 * random.normal());
  return { geometry, specs, parameters };
}

describe.each([
  [8, 'prefix', 1],
  [8, 'causal', 3],
  [2, 'prefix', 3],
  [2, 'causal', 1],
] as const)('the loss over patches of %i pixels (%s), %i identifiers for each picture', (patchSize, attention, R) => {
  const { geometry, specs, parameters } = networkOf(patchSize, attention);
  const random = Random.seeded(4);
  const pictures = new Uint8Array(B * 16 * 16 * 3);
  random.fillBytes(pictures);
  // [R·M, B]: BOS and other tokens; the last target of the second picture does not count.
  const tokens = Int32Array.from({ length: R * M * B }, (_, i) =>
    Math.floor(i / B) % M === 0 ? 10 : random.integer(10),
  );
  const targets = Int32Array.from(tokens, () => random.integer(10));
  targets[targets.length - 1] = geometry.pad;
  // Targets are allowed, and about half of the others.
  const allowed = Uint8Array.from({ length: R * M * B * V }, (_, i) =>
    targets[Math.floor(i / V)] === i % V || random.uniform() < 0.5 ? 1 : 0,
  );

  const run = async (masked: boolean) => {
    const inputs = {
      parameters: float32(parameters.length),
      input: uint8(B, 16, 16, 3),
      tokens: int32(R * M, B),
      targets: int32(R * M, B),
    };
    const graph = masked
      ? trace({ ...inputs, allowed: uint8(R * M, B, V) }, (tensors) => ({
          ...dsiLoss(openParameters(specs, tensors.parameters), tensors, geometry, { dropout: 0 }),
        }))
      : trace(inputs, (tensors) => ({
          ...dsiLoss(openParameters(specs, tensors.parameters), tensors, geometry, { dropout: 0 }),
        }));
    const session = await nodeRuntime({ threads: 1 }).load(loadable(graph));
    const feeds = { parameters, input: pictures, tokens, targets };
    const out = await session.run(masked ? { ...feeds, allowed } : feeds);
    await session.release();
    return out;
  };

  it.each([true, false])('is the mean surprise at the targets by each identifier alone, masked: %s', async (masked) => {
    const arrays = parameterArrays(geometry, parameters);
    const weights = (name: string) => {
      const { shape, data } = arrays[name] as (typeof arrays)[string];
      return { shape, data: [...data] };
    };
    let [loss, right, count] = [0, 0, 0];
    const expected = new Array<number>(R * M * B * V).fill(Number.NaN);
    for (let b = 0; b < B; b++) {
      for (let r = 0; r < R; r++) {
        const own = Array.from({ length: M }, (_, place) => tokens[(r * M + place) * B + b] as number);
        const { logits } = plainNetwork(weights, pictures.subarray(b * 768, (b + 1) * 768), own, geometry);
        logits.forEach((row, place) => {
          const at = (r * M + place) * B + b;
          const target = targets[at] as number;
          row.forEach((value, v) => {
            expected[at * V + v] = masked && allowed[at * V + v] === 0 ? -1e9 : value;
          });
          if (target === geometry.pad) return;
          const own = expected.slice(at * V, (at + 1) * V);
          const largest = Math.max(...own);
          loss += largest + Math.log(own.reduce((sum, x) => sum + Math.exp(x - largest), 0)) - (own[target] as number);
          right += own[target] === largest ? 1 : 0;
          count++;
        });
      }
    }
    expect(count).toBe(R * M * B - 1);
    const out = await run(masked);
    for (const [i, value] of expected.entries()) {
      const found = (out.logits as Float32Array)[i] as number;
      if (value === -1e9) expect(found).toBe(-1e9);
      else expect(found).toBeCloseTo(value, 3);
    }
    expect((out.loss as Float32Array)[0]).toBeCloseTo(loss / count, 3);
    expect((out.tokenAccuracy as Float32Array)[0]).toBeCloseTo(right / count, 6);
  });
});
