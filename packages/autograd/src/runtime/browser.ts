import type { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-web';
import { RuntimeError } from '../core/errors.ts';
import type { HostArray } from '../core/types.ts';
import { fitting, reasonOf } from './arrays.ts';
import type { Feeds, Fetches, LoadableModel, Runtime, Session } from './runtime.ts';

export interface BrowserRuntimeOptions {
  /** `cpu` is WebAssembly. */
  readonly device?: 'cpu' | 'webgpu';
  /** WebAssembly's threads; more than one only where the page is isolated from others (`crossOriginIsolated`). */
  readonly threads?: number;
}

/** What is used of onnxruntime-web, whichever of its builds it is. */
type Ort = typeof import('onnxruntime-web');

/**
 * ONNX Runtime in a browser: on WebGPU, or as WebAssembly with SIMD. Only the build that is asked for is loaded. A browser
 * without WebGPU refuses it here.
 * @throws RuntimeError
 */
export async function browserRuntime({ device = 'cpu', threads = 1 }: BrowserRuntimeOptions = {}): Promise<Runtime> {
  if (device === 'webgpu' && !(await hasWebGpu({ fallback: true })))
    throw new RuntimeError('the device webgpu cannot be used here: this browser has no graphics adapter for it');
  const ort: Ort = device === 'webgpu' ? await import('onnxruntime-web/webgpu') : await import('onnxruntime-web/wasm');
  // What goes wrong is thrown; ONNX Runtime need not print it as well.
  ort.env.logLevel = 'fatal';
  ort.env.wasm.numThreads = threads;
  const options: InferenceSession.SessionOptions = {
    executionProviders: device === 'webgpu' ? ['webgpu', 'wasm'] : ['wasm'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    logSeverityLevel: 4,
  };
  // Its sessions share one WebAssembly instance, and on WebGPU one may not run while another does.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn: InTurn = (work) => {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  };
  return {
    device,
    contrib: device !== 'webgpu',
    async load(model) {
      try {
        return new BrowserSession(
          await inTurn(() => ort.InferenceSession.create(model.bytes, options)),
          model,
          ort,
          inTurn,
        );
      } catch (error) {
        throw new RuntimeError(`ONNX Runtime refused the graph: ${reasonOf(error)}`, { cause: error });
      }
    },
  };
}

type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

interface GpuAdapter {
  readonly info?: { readonly isFallbackAdapter?: boolean };
}

/**
 * Whether this browser has a graphics adapter that WebGPU can use. One that is a program on the processor counts only
 * where it is asked for: WebAssembly is faster.
 */
export async function hasWebGpu({ fallback = false }: { readonly fallback?: boolean } = {}): Promise<boolean> {
  const { navigator } = globalThis as { navigator?: { gpu?: { requestAdapter(): Promise<GpuAdapter | null> } } };
  const adapter = (await navigator?.gpu?.requestAdapter().catch(() => null)) ?? null;
  return adapter !== null && (fallback || adapter.info?.isFallbackAdapter !== true);
}

class BrowserSession implements Session {
  private readonly session: InferenceSession;
  private readonly model: LoadableModel;
  private readonly ort: Ort;
  private readonly inTurn: InTurn;

  constructor(session: InferenceSession, model: LoadableModel, ort: Ort, inTurn: InTurn) {
    this.session = session;
    this.model = model;
    this.ort = ort;
    this.inTurn = inTurn;
  }

  async run(feeds: Feeds, into: Fetches = {}): Promise<Fetches> {
    const given: Record<string, OnnxTensor> = {};
    for (const value of this.model.inputs) {
      const data = fitting(value, feeds[value.name], 'input');
      given[value.name] = new this.ort.Tensor(value.dtype, data as never, value.shape);
    }
    for (const value of this.model.outputs) {
      if (into[value.name] !== undefined) fitting(value, into[value.name], 'output');
    }
    let outputs: InferenceSession.ReturnType;
    try {
      outputs = await this.inTurn(() => this.session.run(given));
    } catch (error) {
      throw new RuntimeError(`ONNX Runtime could not run the graph: ${reasonOf(error)}`, { cause: error });
    }
    return Object.fromEntries(
      this.model.outputs.map(({ name }) => {
        const data = outputs[name]?.data as HostArray;
        const target = into[name];
        target?.set(data as never);
        return [name, target ?? data];
      }),
    );
  }

  async release(): Promise<void> {
    await this.inTurn(() => this.session.release());
  }
}
