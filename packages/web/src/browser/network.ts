import { browserRuntime, hasWebGpu } from '@neurodex/autograd/browser';
import {
  AttentionProbe,
  type DsiModel,
  DsiSystem,
  type FrozenBackbone,
  hasPlaces,
  type PictureQuery,
  type PrefixTable,
  type SiteDescription,
} from 'neurodex/browser';
import { EngineError } from '../engine.ts';

export type Runtime = Awaited<ReturnType<typeof browserRuntime>>;

/** More threads than this do not make a single query faster. */
const MAX_THREADS = 4;

/** A network on a device that has answered a first query. */
export interface Network {
  readonly system: DsiSystem;
  /** Undefined where the network reads no patches. */
  readonly probe: AttentionProbe | undefined;
  readonly runtime: Runtime;
  /** Where it runs, in words. */
  readonly runs: string;
}

/**
 * Starts the network on WebGPU where the browser has it, otherwise on WebAssembly, with threads where the page is isolated.
 * A first query, on a black picture or an empty embedding, shows what a device cannot do before the visitor searches.
 * @param device `webgpu` or `wasm` from the page's address; null picks the best
 * @throws EngineError `no-runtime`
 */
export async function startNetwork(
  model: DsiModel,
  table: PrefixTable,
  site: SiteDescription,
  device: string | null,
): Promise<Network> {
  const startOn = async (runtime: Runtime): Promise<Omit<Network, 'runs'>> => {
    const search = { exactUpTo: site.exactUpTo, beam: site.search.beam };
    const system = new DsiSystem({ runtime, table, search, backbone: embedded, ...model });
    await system.rank([queryOf(emptyInput(model))], 1);
    return {
      system,
      runtime,
      probe: hasPlaces(model) ? await AttentionProbe.create(runtime, model, table) : undefined,
    };
  };
  if (device === 'webgpu' || (device !== 'wasm' && (await hasWebGpu()))) {
    try {
      return { ...(await startOn(await browserRuntime({ device: 'webgpu' }))), runs: 'in this browser, on WebGPU' };
    } catch (error) {
      console.warn('WebGPU could not run the network, which now runs on WebAssembly', error);
    }
  }
  const threads = globalThis.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, MAX_THREADS) : 1;
  try {
    const runs = `in this browser, on WebAssembly with ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
    return { ...(await startOn(await browserRuntime({ threads }))), runs };
  } catch (error) {
    throw new EngineError('no-runtime', 'the network does not run in this browser', {
      hint: 'Use a newer browser, or check whether this one blocks WebAssembly.',
      cause: error,
    });
  }
}

/** What the network reads of one picture: uint8 RGB [size, size, 3], or an embedding, float32 [P,C]. */
export type NetworkInput = Uint8Array | Float32Array;

/** A query of what the network reads. */
export const queryOf = (input: NetworkInput): PictureQuery => ({
  kind: 'picture',
  pixels: input instanceof Uint8Array ? input : new Uint8Array(),
  thumbnail: () => Promise.reject(new Error('the network does not read thumbnails')),
  ...(input instanceof Float32Array ? { embedding: { producer: '', read: () => input } } : {}),
});

function emptyInput({ geometry }: DsiModel): NetworkInput {
  const { input, imageSize, sequenceLength, channels = 0 } = geometry;
  return input === 'pixels' ? new Uint8Array(imageSize ** 2 * 3) : new Float32Array(sequenceLength * channels);
}

/** Queries come with their embeddings: `SiteEncoder` has made them. */
const embedded: FrozenBackbone = {
  async embed(queries) {
    const parts = queries.map(({ embedding }) => {
      if (embedding === undefined) throw new Error('a query without an embedding');
      return embedding.read();
    });
    const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  },
};
