import { int32, type NamedTensors, parameter, type Random, uint8 } from '@neurodex/autograd';
import type { ObjectiveGraph } from '../dsi/graphs/training.ts';
import { dsiLoss } from '../dsi/model/loss.ts';
import { encodeIdentifier } from '../identifiers/encode.ts';
import type { TargetArrays } from './batches.ts';
import { sample } from './epoch-sampler.ts';
import { type IdentifierTable, type Objective, type Target, unknownRow } from './objective.ts';

interface SampleArrays {
  /** int32 [R·M, B]: embedding rows of each identifier's prefixes (`PrefixTable.rowsBefore`). */
  readonly tokens: Int32Array;
  /** int32 [R·M, B] */
  readonly targets: Int32Array;
  /** uint8 [R·M, B, V] */
  readonly allowed: Uint8Array;
}

/**
 * R identifiers of relevant pictures, drawn without repetition; where there are fewer, the rest is PAD. A query's own is
 * among them as often as gives it its weight in R, but once at most.
 */
export function sampledObjective(
  { table, length: M, identifiers }: IdentifierTable,
  R: number,
  trieMasking: boolean,
): Objective {
  const { trie } = table;
  const { scheme } = trie;
  const { size: V, pad } = scheme.vocabulary;
  const encoded = new Map(
    [...identifiers].map(([row, identifier]) => {
      const { targets } = encodeIdentifier(scheme, identifier, M);
      return [row, { tokens: table.rowsBefore(targets), targets, allowed: trie.allowedTokens(targets) }];
    }),
  );
  return {
    ...sampledGraph(R, M, V, trieMasking),
    allocate: (B) => ({
      tokens: new Int32Array(R * M * B),
      targets: new Int32Array(R * M * B),
      allowed: new Uint8Array(R * M * B * V),
    }),
    clear(arrays) {
      const { tokens, targets, allowed } = sampleArrays(arrays);
      tokens.fill(table.paddingRow);
      targets.fill(pad);
      allowed.fill(1);
    },
    setTarget(target, arrays, b, random) {
      const { tokens, targets, allowed } = sampleArrays(arrays);
      const B = tokens.length / (R * M);
      drawn(target, R, random).forEach((row, r) => {
        const identifier = encoded.get(row) ?? unknownRow(row);
        for (let place = 0; place < M; place++) {
          const at = (r * M + place) * B + b;
          tokens[at] = identifier.tokens[place] ?? table.paddingRow;
          targets[at] = identifier.targets[place] ?? pad;
          allowed.set(identifier.allowed.subarray(place * V, (place + 1) * V), at * V);
        }
      });
    },
  };
}

const sampleArrays = (arrays: TargetArrays): SampleArrays => arrays as unknown as SampleArrays;

function drawn({ relevant, self }: Target, R: number, random: Random): readonly number[] {
  if (self === undefined || R >= relevant.length) return sample(relevant, R, random);
  const others = relevant.filter((row) => row !== self.row);
  return random.uniform() < R * self.weight ? [self.row, ...sample(others, R - 1, random)] : sample(others, R, random);
}

/**
 * The graph's side of R identifiers of M tokens.
 * @param trieMasking whether the batch says which tokens the trie allows
 */
export const sampledGraph = (R: number, M: number, V: number, trieMasking: boolean): ObjectiveGraph => ({
  inputs: (B) => ({
    tokens: int32(R * M, B),
    targets: int32(R * M, B),
    ...(trieMasking ? { allowed: uint8(R * M, B, V) } : {}),
  }),
  loss(parameters, inputs: NamedTensors, geometry, options) {
    const batch = {
      input: parameter(inputs, 'input'),
      tokens: parameter(inputs, 'tokens'),
      targets: parameter(inputs, 'targets'),
      ...(inputs.allowed === undefined ? {} : { allowed: inputs.allowed }),
    };
    return dsiLoss(parameters, batch, geometry, options);
  },
});
