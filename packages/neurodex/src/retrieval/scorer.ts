import { type Graph, type HostArray, loadable, type Runtime, type Session } from '@neurodex/autograd';
import type { Geometry } from '../models/dsi/geometry.ts';
import { parameterArrays } from '../models/dsi/parameters.ts';
import { scoringGraphs } from './scoring-graphs.ts';

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
    const { encoder, decoder } = scoringGraphs(
      geometry,
      batch,
      slots,
      parameters === undefined ? undefined : parameterArrays(geometry, parameters),
    );
    const load = (graph: Graph, name: string) => runtime.load(loadable(graph, { name, contrib: runtime.contrib }));
    return new Scorer(await load(encoder, 'encode'), await load(decoder, 'decode'), geometry, batch, slots);
  }

  /** @param pictures uint8 [B,Y,X,3] */
  encode(pictures: Uint8Array, parameters?: Float32Array): Promise<EncodedPictures> {
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
