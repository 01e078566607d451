import {
  blocking,
  constant,
  type Feeds,
  float32,
  type Graph,
  type HostArray,
  type InputTypes,
  int32,
  loadable,
  openParameters,
  parameterCount,
  type Runtime,
  type Session,
  type Tensor,
  type TensorType,
  trace,
} from '@neurodex/autograd';
import { type Geometry, shownType } from '../models/dsi/geometry.ts';
import { decodeFurther, encodeAndDecode, type PatchMemory } from '../models/dsi/network.ts';
import type { NodePlan } from '../models/dsi/node-plan.ts';
import { asConstants, dsiParameters, parameterArrays, tokenTables } from '../models/dsi/parameters.ts';
import type { NamedTensors } from '../models/dsi/patches.ts';

/** Slots of all pictures up to which waking a second thread takes longer than it helps. */
const FEW = 64;

/** What one batch leaves behind: all arrays are the scorer's, and written anew by the next batch that takes them. */
export interface ScoredPictures {
  /** float32 [S,B,V]: logits of the token after each slot, S = those of the start, then those of every further run. */
  readonly logits: Float32Array;
  /** float32 [P+S,B,D] of each layer, by the names of the decoding graph's inputs; empty where nothing is decoded further. */
  readonly memory: Readonly<Record<string, Float32Array>>;
}

/** Token slots of a further run. */
export interface TokenSlots {
  /** int32 [T,1], or [T,B] with `ownSlots` */
  readonly tokens: Int32Array;
  /** int32 [T] */
  readonly positions: Int32Array;
  /** float32 [T, P+C+T], or [B, 1, T, P+C+T] with `ownSlots` */
  readonly mask: Float32Array;
}

export interface ScorerShape {
  /** B */
  readonly batch: number;
  /** The slots that are decoded together with the encoding of the picture. */
  readonly start: Pick<NodePlan, 'tokens' | 'layout'>;
  /** What is decoded after that; undefined: nothing. */
  readonly further?: {
    /** T, slots of one run. */
    readonly slots: number;
    /** C, earlier slots whose keys and values a run may see. */
    readonly seen: number;
    /** Runs whose keys and values are kept behind those of the start; 0: none is. */
    readonly kept: number;
    /** Whether what a slot shows and sees differs from picture to picture. */
    readonly ownSlots: boolean;
  };
}

/** Seconds that it takes to trace both graphs, for each layer. */
const GRAPH_SECONDS = 0.01;

/**
 * The network as one or two graphs for one batch size. The first takes pictures to the logits of the slots that every
 * search begins with, picture and tokens in one stream. The second decodes further slots behind what the first left, as
 * often as the search needs. Parameters are fed, so that training can look at its own network, or built in, so that ONNX
 * Runtime folds what depends on them alone. The second graph reads a few rows of the tokens' tables, so that these are fed
 * all the same where that costs nothing.
 */
export class Scorer {
  readonly geometry: Geometry;
  readonly shape: ScorerShape;
  private readonly first: Session;
  private readonly second: Session | undefined;
  /** What every further run is fed. */
  private readonly tables: Feeds;
  /** Arrays that no search holds. */
  private readonly free: ScoredPictures[] = [];

  private constructor(
    first: Session,
    second: Session | undefined,
    tables: Feeds,
    geometry: Geometry,
    shape: ScorerShape,
  ) {
    this.first = first;
    this.second = second;
    this.tables = tables;
    this.geometry = geometry;
    this.shape = shape;
  }

  /** @param parameters built into the graphs; without them every call takes them */
  static async create(
    runtime: Runtime,
    geometry: Geometry,
    shape: ScorerShape,
    parameters?: Float32Array,
  ): Promise<Scorer> {
    const apart = runtime.inPlace && parameters !== undefined ? tokenTables(geometry) : [];
    const { start, further } = await blocking(GRAPH_SECONDS * geometry.layers, () =>
      searchGraphs(geometry, shape, parameters, apart),
    );
    const load = (graph: Graph, name: string, small: boolean) =>
      runtime.load(loadable(graph, { name, contrib: runtime.contrib }), { small });
    const few = shape.batch * (shape.further?.slots ?? 0) <= FEW;
    return new Scorer(
      await load(start, 'start', false),
      further && (await load(further, 'further', few)),
      tablesOf(geometry, parameters, apart),
      geometry,
      shape,
    );
  }

  /**
   * Encodes pictures and decodes the slots of the start. `release` gives the arrays back.
   * @param pictures as `shownType` has them
   */
  async start(
    pictures: Uint8Array | Float32Array,
    parameters?: Float32Array,
  ): Promise<ScoredPictures & { release(): void }> {
    const scored = this.free.pop() ?? this.allocate();
    const slots = this.shape.start.tokens.length;
    const { patches, width, vocabulary } = this.geometry;
    const { batch } = this.shape;
    const into: Record<string, Float32Array> = { logits: scored.logits.subarray(0, slots * batch * vocabulary) };
    for (const [name, array] of Object.entries(scored.memory)) {
      into[name] = array.subarray(0, (patches + slots) * batch * width);
    }
    await this.first.run(parameters === undefined ? { pictures } : { pictures, parameters }, into);
    return { ...scored, release: () => void this.free.push(scored) };
  }

  /**
   * Decodes T more slots.
   * @param run which of the further runs this is, from 0
   * @returns their logits, float32 [T,B,V], which stand in `logits` from slot (slots of the start) + run·T on when
   * kept
   */
  async further(
    { logits, memory }: ScoredPictures,
    run: number,
    slots: TokenSlots,
    parameters?: Float32Array,
  ): Promise<Float32Array> {
    const { batch, start, further } = this.shape;
    if (this.second === undefined || further === undefined) throw new RangeError('this scorer decodes nothing further');
    const { patches, width, vocabulary } = this.geometry;
    const feeds: Record<string, HostArray> = { ...this.tables, ...slots };
    const into: Record<string, Float32Array> = {};
    const from = start.tokens.length + run * further.slots;
    for (const [name, array] of Object.entries(memory)) {
      feeds[name] = array.subarray(0, (patches + further.seen) * batch * width);
      if (further.kept === 0) continue;
      const row = batch * width;
      into[`next.${name}`] = array.subarray((patches + from) * row, (patches + from + further.slots) * row);
    }
    if (further.kept > 0) {
      into.logits = logits.subarray(from * batch * vocabulary, (from + further.slots) * batch * vocabulary);
    }
    if (parameters !== undefined) feeds.parameters = parameters;
    return (await this.second.run(feeds, into)).logits as Float32Array;
  }

  async release(): Promise<void> {
    await this.first.release();
    await this.second?.release();
  }

  private allocate(): ScoredPictures {
    const { patches, width, layers, vocabulary } = this.geometry;
    const { batch, start, further } = this.shape;
    const slots = start.tokens.length + (further === undefined ? 0 : further.kept * further.slots);
    const names = further === undefined ? [] : memoryNames(layers).flat();
    return {
      logits: new Float32Array(slots * batch * vocabulary),
      memory: Object.fromEntries(names.map((name) => [name, new Float32Array((patches + slots) * batch * width)])),
    };
  }
}

/** Views of the tables that are fed, by their names. */
function tablesOf(geometry: Geometry, parameters: Float32Array | undefined, apart: readonly string[]): Feeds {
  const arrays = parameters === undefined ? {} : parameterArrays(geometry, parameters);
  return Object.fromEntries(apart.map((name) => [name, arrays[name]?.data as Float32Array]));
}

/** Of keys and values, by layer. */
const memoryNames = (layers: number): (readonly [string, string])[] =>
  Array.from({ length: layers }, (_, i) => [`keys${i}`, `values${i}`] as const);

type Opener = (tensors: Readonly<Record<string, Tensor>>, scope: Tensor['scope']) => NamedTensors;

/**
 * The parameters of a graph: its input, or built into it.
 * @param apart those of the latter that are inputs all the same, by their names
 */
function parametersOf(
  geometry: Geometry,
  parameters: Float32Array | undefined,
  apart: readonly string[] = [],
): { fed: InputTypes; open: Opener } {
  const specs = dsiParameters(geometry);
  if (parameters === undefined) {
    return {
      fed: { parameters: float32(parameterCount(specs)) },
      open: (tensors) => openParameters(specs, tensors.parameters as Tensor),
    };
  }
  const arrays = Object.entries(parameterArrays(geometry, parameters));
  const isApart = ([name]: [string, unknown]) => apart.includes(name);
  const built = Object.fromEntries(arrays.filter((entry) => !isApart(entry)));
  return {
    fed: Object.fromEntries(arrays.filter(isApart).map(([name, { shape }]) => [name, float32(...shape)])),
    open: (tensors, scope) => ({
      ...asConstants(built, scope),
      ...Object.fromEntries(apart.map((name) => [name, tensors[name] as Tensor])),
    }),
  };
}

/** Keys and values as outputs, by name. */
const outputsOf = (memory: PatchMemory, prefix = ''): Record<string, Tensor> =>
  Object.fromEntries(
    memoryNames(memory.keys.length).flatMap(([key, value], i) => [
      [prefix + key, memory.keys[i] as Tensor],
      [prefix + value, memory.values[i] as Tensor],
    ]),
  );

const memoryOf = (inputs: Readonly<Record<string, Tensor>>, layers: number): PatchMemory => ({
  keys: memoryNames(layers).map(([key]) => inputs[key] as Tensor),
  values: memoryNames(layers).map(([, value]) => inputs[value] as Tensor),
});

const memoryTypes = (layers: number, type: TensorType): InputTypes =>
  Object.fromEntries(
    memoryNames(layers)
      .flat()
      .map((name) => [name, type]),
  );

/**
 * The graphs of a scorer. Start: pictures (as `shownType` has them) → logits (float32 [T₀,B,V]) and, where more is decoded,
 * keys0, values0, … (float32 [P+T₀,B,D]). Further: keys and values (float32 [P+C,B,D]) with tokens (int32 [T,1] or [T,B]),
 * positions (int32 [T]) and mask (float32 [T,P+C+T] or [B,1,T,P+C+T]) → logits (float32 [T,B,V]) and, where they are
 * kept, next.keys0, … (float32 [T,B,D]).
 * @param parameters built into both; without them both take the flat vector as an input
 * @param apart parameters that the second takes as inputs by their names
 */
export function searchGraphs(
  geometry: Geometry,
  { batch, start: { tokens: shown, layout }, further }: ScorerShape,
  parameters?: Float32Array,
  apart: readonly string[] = [],
): { readonly start: Graph; readonly further?: Graph } {
  const { patches, width, layers } = geometry;
  const { fed, open } = parametersOf(geometry, parameters);
  const start = trace({ ...fed, pictures: shownType(geometry, batch) } as const, (tensors, scope) => {
    const tokens = constant(scope, 'int32', [shown.length, 1], shown);
    const { logits, memory } = encodeAndDecode(open(tensors, scope), tensors.pictures, tokens, layout, geometry, {
      dropout: 0,
    });
    return { logits, ...(further === undefined ? {} : outputsOf(memory)) };
  });
  if (further === undefined) return { start };
  const { slots, seen, kept, ownSlots } = further;
  const keys = patches + seen + slots;
  const decoding = parametersOf(geometry, parameters, apart);
  const inputs = {
    ...decoding.fed,
    ...memoryTypes(layers, float32(patches + seen, batch, width)),
    tokens: int32(slots, ownSlots ? batch : 1),
    positions: int32(slots),
    mask: ownSlots ? float32(batch, 1, slots, keys) : float32(slots, keys),
  } as const;
  return {
    start,
    further: trace(inputs, (tensors, scope) => {
      const before = memoryOf(tensors, layers);
      const options = { dropout: 0 };
      const decoded = decodeFurther(decoding.open(tensors, scope), before, tensors.tokens, tensors, geometry, options);
      return { logits: decoded.logits, ...(kept === 0 ? {} : outputsOf(decoded.memory, 'next.')) };
    }),
  };
}
