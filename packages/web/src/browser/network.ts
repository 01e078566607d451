import { browserRuntime, hasWebGpu } from '@neurodex/autograd/browser';
import {
  AttentionProbe,
  type DsiModel,
  DsiSystem,
  type PictureQuery,
  type PrefixTable,
  type SiteDescription,
} from 'neurodex/browser';
import { EngineError } from '../engine.ts';

type Runtime = Awaited<ReturnType<typeof browserRuntime>>;

/** More threads than this do not make a single query faster. */
const MAX_THREADS = 4;

/** A network on a device that has answered a first query. */
export interface Network {
  readonly system: DsiSystem;
  readonly probe: AttentionProbe;
  /** Where it runs, in words. */
  readonly runs: string;
}

/**
 * Starts the network on WebGPU where the browser has it, otherwise on WebAssembly, with threads where the page is isolated.
 * A first query on a black picture shows what a device cannot do before the visitor searches.
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
    const system = new DsiSystem({ runtime, table, search, ...model });
    await system.rank([pixelQuery(new Uint8Array(model.geometry.imageSize ** 2 * 3))], 1);
    return { system, probe: await AttentionProbe.create(runtime, model, table) };
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

/** A query of model-sized pixels. @param pixels uint8 RGB [size, size, 3] */
export const pixelQuery = (pixels: Uint8Array): PictureQuery => ({
  kind: 'picture',
  pixels,
  thumbnail: () => Promise.reject(new Error('the network does not read thumbnails')),
});
