import { float32, type HostArray, type InputTypes, int32, type Random, type Tensor, uint8 } from '@neurodex/autograd';
import type { Geometry } from '../dsi/model/geometry.ts';
import { type Batch, type DsiLoss, dsiLoss, type SetBatch, setLoss } from '../dsi/model/loss.ts';
import type { ForwardOptions } from '../dsi/model/network.ts';
import { type NodePlan, planNodes, positionsFor } from '../dsi/model/node-plan.ts';
import type { NamedTensors } from '../dsi/model/patch-embedding.ts';
import { encodeIdentifier } from '../identifiers/encode.ts';
import type { IdentifierScheme } from '../identifiers/scheme.ts';
import type { Trie } from '../identifiers/trie.ts';
import { sample } from './epoch-sampler.ts';

/** What a batch holds beside its pictures, by the names of the graph's inputs. */
export type TargetArrays = Readonly<Record<string, HostArray>>;

/** How training asks for identifiers: what stands in a batch beside its pictures, and the loss of the answers. */
export interface Objective {
  /** @param batch B */
  inputs(batch: number): InputTypes;
  /** @param inputs pictures (uint8 [B,Y,X,3]) and what `inputs` names */
  loss(
    parameters: NamedTensors,
    inputs: Readonly<Record<string, Tensor>>,
    geometry: Geometry,
    options: ForwardOptions,
  ): DsiLoss;
  allocate(batch: number): TargetArrays;
  /** Asks for nothing. */
  clear(arrays: TargetArrays): void;
  /** Asks picture b of B for catalogue rows. */
  setTarget(wanted: Target, arrays: TargetArrays, b: number, random: Random): void;
}

/** Catalogue rows that a picture is asked for. */
export interface Target {
  readonly relevant: readonly number[];
  /** The one among them that is the picture itself, and its share of what is asked for; the others share the rest alike. */
  readonly self?: { readonly row: number; readonly weight: number };
}

/** What the identifiers of a catalogue look like to training. */
export interface IdentifierTable {
  readonly scheme: IdentifierScheme;
  readonly trie: Trie;
  /** M */
  readonly length: number;
  /** Identifiers of catalogue pictures, by row. */
  readonly identifiers: ReadonlyMap<number, string>;
}

interface SampleArrays {
  /** int32 [R·M, B]: what is shown of each identifier (`Trie.shownBefore`). */
  readonly tokens: Int32Array;
  /** int32 [R·M, B] */
  readonly targets: Int32Array;
  /** uint8 [R·M, B, V] */
  readonly allowed: Uint8Array;
}

/**
 * R identifiers of relevant pictures, drawn without repetition; where there are fewer, the rest is PAD. A picture's own is
 * among them as often as gives it its share of R, but once at most.
 */
export function sampledObjective(
  { scheme, trie, length: M, identifiers }: IdentifierTable,
  R: number,
  trieMasking: boolean,
): Objective {
  const { size: V, pad } = scheme.vocabulary;
  const encoded = new Map(
    [...identifiers].map(([row, identifier]) => {
      const { targets } = encodeIdentifier(scheme, identifier, M);
      return [row, { shown: trie.embeddingRowsBefore(targets), targets, allowed: trie.allowedTokens(targets) }];
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
      const { tokens, targets, allowed } = arrays as unknown as SampleArrays;
      tokens.fill(trie.paddingRow);
      targets.fill(pad);
      allowed.fill(1);
    },
    setTarget(wanted, arrays, b, random) {
      const { tokens, targets, allowed } = arrays as unknown as SampleArrays;
      const B = tokens.length / (R * M);
      drawn(wanted, R, random).forEach((row, r) => {
        const identifier = encoded.get(row);
        if (identifier === undefined) throw new RangeError(`row ${row} is not in the catalogue`);
        for (let place = 0; place < M; place++) {
          const at = (r * M + place) * B + b;
          tokens[at] = identifier.shown[place] as number;
          targets[at] = identifier.targets[place] as number;
          allowed.set(identifier.allowed.subarray(place * V, (place + 1) * V), at * V);
        }
      });
    },
  };
}

function drawn({ relevant, self: own }: Target, R: number, random: Random): readonly number[] {
  if (own === undefined || R >= relevant.length) return sample(relevant, R, random);
  const others = relevant.filter((row) => row !== own.row);
  return random.uniform() < R * own.weight ? [own.row, ...sample(others, R - 1, random)] : sample(others, R, random);
}

/**
 * The graph's side of asking for R identifiers of M tokens.
 * @param trieMasking whether the batch says which tokens the trie allows
 */
export function sampledGraph(
  R: number,
  M: number,
  V: number,
  trieMasking: boolean,
): Pick<Objective, 'inputs' | 'loss'> {
  return {
    inputs: (B) => ({
      tokens: int32(R * M, B),
      targets: int32(R * M, B),
      ...(trieMasking ? { allowed: uint8(R * M, B, V) } : {}),
    }),
    loss: (parameters, inputs, geometry, options) => dsiLoss(parameters, inputs as unknown as Batch, geometry, options),
  };
}

/** All relevant identifiers at once, at every branching node of the trie. */
export function setObjective({ scheme, trie, identifiers }: IdentifierTable): Objective {
  const { size: V } = scheme.vocabulary;
  const plan = planNodes(trie, positionsFor(trie, trie.nodeCount))[0] as NodePlan;
  const T = plan.tokens.length;
  const slots = new Map(Array.from(plan.nodes, (node, slot) => [node, slot]));
  const allowed = new Uint8Array(T * V);
  plan.nodes.forEach((node, slot) => {
    for (const { token } of trie.children(node)) allowed[slot * V + token] = 1;
  });
  const decisions = new Map([...identifiers].map(([row, identifier]) => [row, decisionsOf(identifier)]));
  /** Places of a picture's shares that an identifier adds to. */
  function decisionsOf(identifier: string): number[] {
    const path: number[] = [];
    let node = 0;
    for (const token of [...scheme.toTokens(identifier), scheme.vocabulary.eos]) {
      if (trie.childCount(node) > 1) path.push((slots.get(node) as number) * V + token);
      node = trie.child(node, token) as number;
    }
    return path;
  }
  return {
    inputs: (B) => ({ shares: float32(T, B, V) }),
    loss: (parameters, inputs, geometry, options) =>
      setLoss(parameters, inputs as unknown as SetBatch, plan, allowed, geometry, options),
    allocate: (B) => ({ shares: new Float32Array(T * B * V) }),
    clear: ({ shares }) => void (shares as Float32Array).fill(0),
    setTarget({ relevant, self: own }, arrays, b) {
      const shares = arrays.shares as Float32Array;
      const B = shares.length / (T * V);
      const other = own === undefined ? 1 / relevant.length : (1 - own.weight) / (relevant.length - 1);
      for (const row of relevant) {
        const share = row === own?.row ? own.weight : other;
        for (const at of decisions.get(row) ?? missing(row)) {
          const token = at % V;
          const place = (((at - token) / V) * B + b) * V + token;
          shares[place] = (shares[place] as number) + share;
        }
      }
    },
  };
}

function missing(row: number): never {
  throw new RangeError(`row ${row} is not in the catalogue`);
}
