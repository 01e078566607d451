import type { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-web';
import { RuntimeError } from '../core/errors.ts';
import { copyElements } from '../core/types.ts';
import { declared, fed, fitting, floats, reasonOf } from './arrays.ts';
import type {
  DeclaredValue,
  Feeds,
  Fetches,
  LoadableModel,
  OpenedModel,
  Runtime,
  Session,
  ShapedArray,
} from './runtime.ts';

/** How ONNX Runtime is loaded in a browser. */
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
 * @example
 * ```ts
 * import { add, float32, loadable, trace } from '@neurodex/autograd';
 * import { browserRuntime } from '@neurodex/autograd/browser';
 *
 * const runtime = await browserRuntime();
 * const session = await runtime.load(loadable(trace({ x: float32(1) }, ({ x }) => ({ y: add(x, 1) }))));
 * console.log((await session.run({ x: Float32Array.of(2) })).y); // → Float32Array(1) [ 3 ]
 * await session.release();
 * ```
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
  const create = async (bytes: Uint8Array): Promise<InferenceSession> => {
    try {
      return await inTurn(() => ort.InferenceSession.create(bytes, options));
    } catch (error) {
      throw new RuntimeError(`ONNX Runtime refused the graph: ${reasonOf(error)}`, { cause: error });
    }
  };
  return {
    device,
    contrib: device !== 'webgpu',
    inPlace: false,
    load: async (model) => new BrowserSession(await create(model.bytes), model, ort, inTurn),
    open: async (onnx) => new BrowserModel(await create(onnx), ort, inTurn),
  };
}

type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

interface GpuAdapter {
  readonly info?: { readonly isFallbackAdapter?: boolean };
}

/** What is used of a browser's `navigator`; Node 20 has none. */
declare const navigator: { readonly gpu?: { requestAdapter(): Promise<GpuAdapter | null> } } | undefined;

/**
 * Whether this browser has a graphics adapter that WebGPU can use. One that is a program on the processor counts only
 * where it is asked for (`fallback`): WebAssembly is faster. Outside of a browser there is none.
 * @example
 * ```ts
 * import { browserRuntime, hasWebGpu } from '@neurodex/autograd/browser';
 *
 * const device = (await hasWebGpu()) ? 'webgpu' : 'cpu';
 * const runtime = await browserRuntime({ device });
 * console.log(runtime.device); // → cpu
 * ```
 */
export async function hasWebGpu({ fallback = false }: { readonly fallback?: boolean } = {}): Promise<boolean> {
  const gpu = typeof navigator === 'undefined' ? undefined : navigator.gpu;
  const adapter = (await gpu?.requestAdapter().catch(() => null)) ?? null;
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
      given[value.name] = new this.ort.Tensor(value.dtype, data, value.shape);
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
      this.model.outputs.map((value) => {
        const data = fitting(value, outputs[value.name]?.data, 'output');
        const target = into[value.name];
        if (target !== undefined) copyElements(target, data);
        return [value.name, target ?? data];
      }),
    );
  }

  async release(): Promise<void> {
    await this.inTurn(() => this.session.release());
  }
}

/** A model that was made elsewhere. */
class BrowserModel implements OpenedModel {
  readonly inputs: readonly DeclaredValue[];
  readonly outputs: readonly DeclaredValue[];
  private readonly session: InferenceSession;
  private readonly ort: Ort;
  private readonly inTurn: InTurn;

  constructor(session: InferenceSession, ort: Ort, inTurn: InTurn) {
    this.session = session;
    this.ort = ort;
    this.inTurn = inTurn;
    this.inputs = session.inputMetadata.map(declared);
    this.outputs = session.outputMetadata.map(declared);
  }

  async run(feeds: Readonly<Record<string, ShapedArray>>, output: string): Promise<ShapedArray<Float32Array>> {
    const given: Record<string, OnnxTensor> = {};
    for (const input of this.session.inputMetadata) {
      const { data, shape } = fed(feeds, input.name);
      if (!input.isTensor) throw new RuntimeError(`the input ${input.name} is no tensor`);
      given[input.name] = new this.ort.Tensor(input.type, data, shape);
    }
    let found: OnnxTensor | undefined;
    try {
      found = (await this.inTurn(() => this.session.run(given, [output])))[output];
    } catch (error) {
      throw new RuntimeError(`ONNX Runtime could not run the graph: ${reasonOf(error)}`, { cause: error });
    }
    return floats(output, found);
  }

  async release(): Promise<void> {
    await this.inTurn(() => this.session.release());
  }
}
