import { initialParameters, Random } from '@neurodex/autograd';
import { numeric } from '../../identifiers/numeric.ts';
import { writeRows } from '../model/memory.ts';
import type { DsiModel } from '../model/model-file.ts';
import { dsiParameters, parameterArrays } from '../model/parameters.ts';
import { plainNetwork } from '../model/plain-network.fixture.ts';
import { PrefixTable } from '../model/prefix-table.ts';
import { smallNetwork } from './small-network.fixture.ts';

/** High enough that an untrained network has opinions. */
const TEMPERATURE = 12;

/**
 * An untrained network with a memory of N pictures, whose states are random unit vectors. Positions are sinusoidal, as
 * `plainState` has them.
 */
export function smallMemory(
  count: number,
  options: Pick<SmallOptions, 'zeroPadding' | 'attention' | 'identifiers'> = {},
) {
  const network = smallNetwork(count, { ...options, positions: 'sinusoidal' });
  const random = Random.seeded(count);
  const table = PrefixTable.create(network.trie, 'memory');
  const geometry = { ...network.geometry, output: 'memory', embeddingRows: table.size } as const;
  const parameters = initialParameters(dsiParameters(geometry), random);
  for (let i = 0; i < parameters.length; i++) parameters[i] = (parameters[i] ?? NaN) * 2 + 0.05 * random.normal();
  const { width } = geometry;
  const states = Float32Array.from({ length: count * width }, () => random.normal());
  for (let n = 0; n < count; n++) {
    const state = states.subarray(n * width, (n + 1) * width);
    const norm = Math.hypot(...state);
    for (const [d, value] of state.entries()) state[d] = value / norm;
  }
  const rows = writeRows(table, states, width, (row) => network.rows.indexOf(row));
  const model: DsiModel = {
    geometry,
    parameters,
    prefixes: table.stored,
    memory: { rows, temperature: TEMPERATURE },
  };
  return { ...network, geometry, parameters, table, model, states, temperature: TEMPERATURE };
}

type SmallOptions = NonNullable<Parameters<typeof smallNetwork>[1]>;
export type SmallMemory = ReturnType<typeof smallMemory>;

/** The network of PyTorch, written plainly, over one picture and BOS: a head of ones gives what the last norm leaves. */
export function plainPass({ geometry, parameters }: SmallMemory, picture: Uint8Array) {
  const arrays = parameterArrays(geometry, parameters);
  const { width } = geometry;
  const weights = (name: string) => {
    if (name === 'head.weight')
      return {
        shape: [width, width],
        data: Array.from({ length: width ** 2 }, (_, i) => Number(i % (width + 1) === 0)),
      };
    if (name === 'head.bias') return { shape: [width], data: new Array<number>(width).fill(0) };
    const { shape, data } = arrays[name] ?? { shape: [], data: [] };
    return { shape, data: [...data] };
  };
  const { logits, attention } = plainNetwork(weights, picture, [0], geometry);
  const [state = []] = logits;
  return { state: state.map((value) => value / Math.hypot(...state)), attention };
}

/** Probability of each identifier by its definition, from the states of the pictures alone: no trie, no rows. */
export function plainProbabilities(memory: SmallMemory, picture: Uint8Array): Map<string, number> {
  const { state } = plainPass(memory, picture);
  const powers = memory.identifiers.map((_, n) =>
    Math.exp(
      memory.temperature * state.reduce((sum, x, d) => sum + x * (memory.states[n * state.length + d] ?? NaN), 0),
    ),
  );
  const total = powers.reduce((a, b) => a + b, 0);
  return new Map(memory.identifiers.map((identifier, n) => [identifier, (powers[n] ?? NaN) / total]));
}

/** Probability that an identifier begins with tokens: the sum over all that do. */
export function plainShare(probabilities: ReadonlyMap<string, number>, beginning: readonly number[]): number {
  let share = 0;
  for (const [identifier, probability] of probabilities) {
    const tokens = [...numeric.toTokens(identifier)];
    if (beginning.every((token, i) => tokens[i] === token)) share += probability;
  }
  return share;
}
