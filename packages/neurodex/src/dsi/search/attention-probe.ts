import { type HostArray, loadable, type Runtime, type Session } from '@neurodex/autograd';
import { defined, NeurodexError } from '@neurodex/core';
import { encodeIdentifier } from '../../identifiers/encode.ts';
import type { PatchGrid } from '../../query/model-input.ts';
import { modelInput } from '../../query/model-inputs.ts';
import { attentionGraph } from '../graphs/attention.ts';
import { decodedPositions } from '../model/geometry.ts';
import type { DsiModel } from '../model/model-file.ts';
import type { PrefixTable } from '../model/prefix-table.ts';
import { type AttentionMaps, rollout } from './attention-rollout.ts';
import { decodedProbabilities, rememberedProbabilities } from './token-probabilities.ts';

/** Where one token of an identifier looked. */
export interface PatchAttention {
  /** Share of each patch in the attention to the patches, side × side, row by row; adds up to 1. */
  readonly patches: readonly number[];
  /** Share of the picture in all attention; the rest went to the tokens before, and to BOS. */
  readonly onPicture: number;
}

/** One token of an identifier, and what the network looked at to write it. */
export interface TokenAttention {
  /** As it is in the identifier. */
  readonly token: string;
  /** Probability of the token given those before it, among those that the trie allows there. */
  readonly probability: number;
  /** Attention of the last block, mean over heads. */
  readonly lastLayer: PatchAttention;
  /** Attention rollout over all blocks (dsi/graphs/attention.ts). */
  readonly rollout: PatchAttention;
}

/**
 * Which patches of a picture each token of an identifier looked at. Where a memory scores the identifiers, only BOS looks at
 * the picture, and every token shows what BOS saw.
 */
export class AttentionProbe {
  private readonly session: Session;
  private readonly model: DsiModel;
  private readonly table: PrefixTable;

  private constructor(session: Session, model: DsiModel, table: PrefixTable) {
    this.session = session;
    this.model = model;
    this.table = table;
  }

  /** @throws NeurodexError `usage` for a network whose tokens have no place in the picture */
  static async create(runtime: Runtime, model: DsiModel, table: PrefixTable): Promise<AttentionProbe> {
    gridOf(model);
    const graph = loadable(attentionGraph(model.geometry), { name: 'attention', contrib: runtime.contrib });
    return new AttentionProbe(await runtime.load(graph), model, table);
  }

  /** Patches along an edge of the picture. */
  get side(): number {
    return gridOf(this.model).side;
  }

  /**
   * @param input of one query, as `ModelInput.feed` gives it
   * @param identifier of a catalogue picture
   * @throws RangeError for an identifier that names no catalogue picture
   */
  async look(input: HostArray, identifier: string): Promise<TokenAttention[]> {
    const { trie } = this.table;
    const { geometry, parameters, memory } = this.model;
    if (trie.find(identifier) === undefined) throw new RangeError(`no catalogue picture is called ${identifier}`);
    const { targets } = encodeIdentifier(trie.scheme, identifier, geometry.maxIdentifierLength);
    const remembers = geometry.output === 'memory';
    const tokens = remembers ? Int32Array.of(0) : this.table.rowsBefore(targets);
    const out = await this.session.run({ parameters, input, tokens });
    const list = (name: string, count: number) =>
      Array.from({ length: count }, (_, i) => out[`${name}${i}`] as Float32Array);
    const maps: AttentionMaps = {
      input: list('input', geometry.layers - 1),
      tokens: list('tokens', geometry.layers),
    };
    const last = maps.tokens.at(-1) ?? new Float32Array();
    const rolled = rollout(maps, geometry);
    const width = geometry.sequenceLength + decodedPositions(geometry);
    const grid = gridOf(this.model);
    const onPatches = (row: Float32Array | Float64Array) => sharesOf(row, geometry.sequenceLength, grid);
    const written = trie.scheme.toTokens(identifier);
    const probabilities = remembers
      ? rememberedProbabilities(this.table, defined(memory, 'the memory'), written, out.states as Float32Array)
      : decodedProbabilities(trie, written, out.logits as Float32Array);
    // The token at place i is decoded at the position of the one before it, which is BOS for the first.
    return written.map((token, i) => {
      const at = remembers ? 0 : i;
      return {
        token: trie.scheme.fromTokens([token]),
        probability: probabilities[i] ?? 0,
        lastLayer: onPatches(last.subarray(at * width, (at + 1) * width)),
        rollout: onPatches(rolled.subarray(at * width, (at + 1) * width)),
      };
    });
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** @param row shares of patches, then of tokens @param count P */
function sharesOf(row: Float32Array | Float64Array, count: number, { side, first }: PatchGrid): PatchAttention {
  const onPicture = Array.from(row.subarray(0, count)).reduce((a, b) => a + b, 0);
  const patches = Array.from(row.subarray(first, first + side * side));
  const seen = patches.reduce((a, b) => a + b, 0);
  return { patches: patches.map((share) => share / seen), onPicture };
}

/** Whether attention can be shown at all. */
export const hasPlaces = ({ geometry }: DsiModel): boolean => modelInput(geometry).grid(geometry) !== undefined;

function gridOf({ geometry }: DsiModel): PatchGrid {
  const grid = modelInput(geometry).grid(geometry);
  if (grid !== undefined) return grid;
  throw new NeurodexError(
    'usage',
    `the network reads ${geometry.sequenceLength === 1 ? 'one vector' : `${geometry.sequenceLength} tokens`} of an encoder for each picture, which have no place in it to look at`,
    { hint: 'build an index with an encoder that gives a square of patch tokens (encoder.output), or with none' },
  );
}
