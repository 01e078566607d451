import {
  constant,
  float32,
  type Graph,
  type HostArray,
  int32,
  loadable,
  openParameters,
  parameterCount,
  type Runtime,
  type Session,
  type Tensor,
  trace,
} from '@neurodex/autograd';
import { type Geometry, shownType } from '../models/dsi/geometry.ts';
import { decode, encode } from '../models/dsi/network.ts';
import { dsiParameters } from '../models/dsi/parameters.ts';

/** Keys and values of B encoded pictures, by the names of the decoding graph's inputs. */
export type EncodedPictures = Readonly<Record<string, HostArray>>;

/** Token slots of one decoding run. */
export interface TokenSlots {
  /** int32 [T,B] */
  readonly tokens: Int32Array;
  /** int32 [T] */
  readonly positions: Int32Array;
  /** float32 [T, P+T] */
  readonly mask: Float32Array;
}

/**
 * The network as two graphs for one batch size: pictures → keys and values, once per query, and keys and values with T
 * token slots → logits, as often as the search needs. Parameters are fed, so that training can look at its own network,
 * or built in, so that ONNX Runtime folds what depends on them alone.
 */
export class Scorer {
  readonly batch: number;
  readonly slots: number;
  readonly geometry: Geometry;
  private readonly encoder: Session;
  private readonly decoder: Session;

  private constructor(encoder: Session, decoder: Session, geometry: Geometry, batch: number, slots: number) {
    this.encoder = encoder;
    this.decoder = decoder;
    this.geometry = geometry;
    this.batch = batch;
    this.slots = slots;
  }

  /** @param parameters built into the graphs; without them every call takes them */
  static async create(
    runtime: Runtime,
    geometry: Geometry,
    batch: number,
    slots: number,
    parameters?: Float32Array,
  ): Promise<Scorer> {
    const { encoder, decoder } = scoringGraphs(geometry, batch, slots, parameters);
    const load = (graph: Graph, name: string) => runtime.load(loadable(graph, { name, contrib: runtime.contrib }));
    return new Scorer(await load(encoder, 'encode'), await load(decoder, 'decode'), geometry, batch, slots);
  }

  /** @param pictures as `shownType` has them */
  encode(pictures: Uint8Array | Float32Array, parameters?: Float32Array): Promise<EncodedPictures> {
    return this.encoder.run(parameters === undefined ? { pictures } : { pictures, parameters });
  }

  /** Logits of the token after each slot, float32 [T,B,V]. */
  async decode(encoded: EncodedPictures, slots: TokenSlots, parameters?: Float32Array): Promise<Float32Array> {
    const feeds = { ...encoded, ...slots } as Readonly<Record<string, HostArray>>;
    const { logits } = await this.decoder.run(parameters === undefined ? feeds : { ...feeds, parameters });
    return logits as Float32Array;
  }

  async release(): Promise<void> {
    await this.encoder.release();
    await this.decoder.release();
  }
}

/**
 * The two graphs of a scorer. Inputs and outputs: pictures (as `shownType` has them) → keys0, values0, … (float32 [P,B,D] for each
 * layer); these with tokens (int32 [T,B]), positions (int32 [T]) and mask (float32 [T,P+T]) → logits (float32 [T,B,V]).
 * @param parameters built in; without them both take the flat vector as an input
 */
export function scoringGraphs(
  geometry: Geometry,
  batch: number,
  slots: number,
  parameters?: Float32Array,
): { encoder: Graph; decoder: Graph } {
  const { patches, width, layers } = geometry;
  const specs = dsiParameters(geometry);
  const flat = float32(parameterCount(specs));
  const fed = parameters === undefined ? { parameters: flat } : {};
  const open = (tensors: Readonly<Record<string, Tensor>>, scope: Tensor['scope']) => {
    const built = () => constant(scope, 'float32', flat.shape, parameters ?? new Float32Array());
    return openParameters(specs, tensors.parameters ?? built());
  };
  const memoryType = float32(patches, batch, width);
  const names = Array.from({ length: layers }, (_, i) => [`keys${i}`, `values${i}`] as const);

  const encoder = trace({ ...fed, pictures: shownType(geometry, batch) }, (tensors, scope) => {
    const { keys, values } = encode(open(tensors, scope), tensors.pictures, geometry, { dropout: 0 });
    return Object.fromEntries(
      names.flatMap(([key, value], i) => [
        [key, keys[i] as Tensor],
        [value, values[i] as Tensor],
      ]),
    );
  });
  const decoder = trace(
    {
      ...fed,
      ...Object.fromEntries(names.flat().map((name) => [name, memoryType])),
      tokens: int32(slots, batch),
      positions: int32(slots),
      mask: float32(slots, patches + slots),
    } as const,
    (tensors, scope) => {
      const all = tensors as Readonly<Record<string, Tensor>>;
      const memory = {
        keys: names.map(([key]) => all[key] as Tensor),
        values: names.map(([, value]) => all[value] as Tensor),
      };
      return { logits: decode(open(all, scope), memory, tensors.tokens, tensors, geometry, { dropout: 0 }) };
    },
  );
  return { encoder, decoder };
}
