import { createRequire } from 'node:module';
import os from 'node:os';
import { threadsFrom } from '@neurodex/core';
import type * as Onnx from 'onnxruntime-node';
import { RuntimeError } from '../core/errors.ts';
import { allocate, elementCount, type HostArray } from '../core/types.ts';
import { declared, fed, fitting, floats, reasonOf } from './arrays.ts';
import { blocking, loadSeconds } from './blocking.ts';
import type {
  DeclaredValue,
  Device,
  Feeds,
  Fetches,
  LoadableModel,
  OpenedModel,
  Runtime,
  Session,
  ShapedArray,
  ValueType,
} from './runtime.ts';

// Required: Node reads every file of a CommonJS package that is imported, to find its exports.
const onnx: typeof Onnx = createRequire(import.meta.url)('onnxruntime-node');

// What goes wrong is thrown; ONNX Runtime need not print it as well.
onnx.env.logLevel = 'fatal';

/** How ONNX Runtime computes in Node. */
export interface NodeRuntimeOptions {
  /** What computes; `cpu` by default. */
  readonly device?: Device;
  /** Threads inside one operation; by default those of `NEURODEX_THREADS`, else all cores. */
  readonly threads?: number;
  /**
   * Whether threads of a session that have nothing to do look for work all the time; else they sleep. Looking is quicker
   * by itself, and takes the cores from whatever else the machine does. True by default.
   */
  readonly spinning?: boolean;
  /**
   * Whether numbers too small for all their digits (below 1.2·10⁻³⁸) count as 0. Processors compute with them many times
   * more slowly, and hidden attention scores are full of them. True by default. The process's first runtime decides for
   * the thread that asks as well: there, JavaScript then takes numbers below 2.2·10⁻³⁰⁸ for 0.
   */
  readonly flushDenormals?: boolean;
  /** Writes ONNX Runtime's profile of every session here, as a Chrome trace. */
  readonly profile?: string;
}

/**
 * What ONNX Runtime is here: its version, and the devices that it was built for, whether or not this machine has them.
 * @example
 * ```ts
 * import { engineFacts } from '@neurodex/autograd/node';
 *
 * console.log(engineFacts().devices.includes('cpu')); // → true
 * ```
 */
export const engineFacts = (): { readonly version: string; readonly devices: readonly string[] } => ({
  version: onnx.env.versions.node ?? onnx.env.versions.common,
  devices: onnx.listSupportedBackends().map(({ name }) => name),
});

/**
 * ONNX Runtime in Node. A device that this machine does not have is refused when the first session is loaded.
 * @example
 * ```ts
 * import { add, float32, loadable, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const session = await nodeRuntime({ threads: 1 }).load(loadable(trace({ x: float32(1) }, ({ x }) => ({ y: add(x, 1) }))));
 * console.log((await session.run({ x: Float32Array.of(2) })).y); // → Float32Array(1) [ 3 ]
 * await session.release();
 * ```
 */
export function nodeRuntime({
  device = 'cpu',
  threads = threadsFrom(process.env) ?? os.availableParallelism(),
  spinning = true,
  flushDenormals = true,
  profile,
}: NodeRuntimeOptions = {}): Runtime {
  const options: Onnx.InferenceSession.SessionOptions = {
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // One block planned for all values is taken beside the memory of the first run, which is never given back: a third more
    // resident for the seed's training step, and no faster.
    enableMemPattern: false,
    logSeverityLevel: 3,
    extra: {
      session: {
        set_denormal_as_zero: flushDenormals ? '1' : '0',
        intra_op: { allow_spinning: spinning ? '1' : '0' },
      },
    },
    ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
  };
  const create = async (bytes: Uint8Array, small: boolean, seconds: number): Promise<Onnx.InferenceSession> => {
    try {
      const settings = small ? { ...options, intraOpNumThreads: 1 } : options;
      return await blocking(seconds, () => onnx.InferenceSession.create(bytes, settings));
    } catch (error) {
      const reason = reasonOf(error);
      if (device !== 'cpu')
        throw new RuntimeError(`the device ${device} cannot be used here: ${reason}`, { cause: error });
      throw new RuntimeError(`ONNX Runtime refused the graph: ${reason}`, { cause: error });
    }
  };
  return {
    device,
    contrib: device !== 'webgpu',
    inPlace: device === 'cpu',
    load: async (model, { small = false } = {}) => {
      const seconds = loadSeconds(model.nodes ?? 0);
      return new NodeSession(await create(model.bytes, small, seconds), model, seconds);
    },
    open: async (onnx) => new NodeModel(await create(onnx, false, onnx.length / OPENED_PER_SECOND)),
  };
}

class NodeSession implements Session {
  private readonly session: Onnx.InferenceSession;
  private readonly inputs: readonly ValueType[];
  private readonly outputs: readonly ValueType[];
  /** What the next run is expected to take: as the last one; before it, as loading did. */
  private seconds: number;

  constructor(session: Onnx.InferenceSession, model: LoadableModel, seconds: number) {
    this.session = session;
    this.seconds = seconds;
    this.inputs = model.inputs;
    this.outputs = model.outputs;
  }

  async run(feeds: Feeds, into: Fetches = {}): Promise<Fetches> {
    const given: Record<string, Onnx.Tensor> = {};
    for (const value of this.inputs) given[value.name] = wrap(value, feeds[value.name], 'input');
    const fetched: Fetches = Object.fromEntries(
      this.outputs.map((value) => [value.name, into[value.name] ?? allocate(value.dtype, elementCount(value.shape))]),
    );
    const targets = Object.fromEntries(
      this.outputs.map((value) => [value.name, wrap(value, fetched[value.name], 'output')]),
    );
    const began = performance.now();
    try {
      await blocking(this.seconds, () => this.session.run(given, targets));
      this.seconds = (performance.now() - began) / 1000;
    } catch (error) {
      throw new RuntimeError(`ONNX Runtime could not run the graph: ${reasonOf(error)}`, { cause: error });
    }
    return fetched;
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

/** Bytes of a model that was made elsewhere which ONNX Runtime loads in a second, at the least. */
const OPENED_PER_SECOND = 1e8;

/** Fatal alone: what goes wrong is thrown. */
const QUIET = { logSeverityLevel: 4 } as const;

/** A model that was made elsewhere. */
class NodeModel implements OpenedModel {
  readonly inputs: readonly DeclaredValue[];
  readonly outputs: readonly DeclaredValue[];
  private readonly session: Onnx.InferenceSession;
  private seconds = 0;

  constructor(session: Onnx.InferenceSession) {
    this.session = session;
    this.inputs = session.inputMetadata.map(declared);
    this.outputs = session.outputMetadata.map(declared);
  }

  async run(feeds: Readonly<Record<string, ShapedArray>>, output: string): Promise<ShapedArray<Float32Array>> {
    const given: Record<string, Onnx.Tensor> = {};
    for (const input of this.session.inputMetadata) {
      const { data, shape } = fed(feeds, input.name);
      if (!input.isTensor) throw new RuntimeError(`the input ${input.name} is no tensor`);
      given[input.name] = new onnx.Tensor(input.type, data, shape);
    }
    let found: Onnx.Tensor | undefined;
    try {
      const began = performance.now();
      const outputs = await blocking(this.seconds, () => this.session.run(given, [output], QUIET));
      this.seconds = (performance.now() - began) / 1000;
      found = outputs[output];
    } catch (error) {
      throw new RuntimeError(`ONNX Runtime could not run the graph: ${reasonOf(error)}`, { cause: error });
    }
    return floats(output, found);
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

/**
 * An array as a tensor, without a copy: ONNX Runtime reads and writes the array itself. It takes none whose memory threads
 * share: of an input, it gets a copy.
 */
function wrap(value: ValueType, array: HostArray | undefined, what: 'input' | 'output'): Onnx.Tensor {
  const data = fitting(value, array, what);
  const shared = typeof SharedArrayBuffer !== 'undefined' && data.buffer instanceof SharedArrayBuffer;
  if (shared && what === 'output')
    throw new RuntimeError(`the output ${value.name} cannot be written to shared memory`);
  return new onnx.Tensor(value.dtype, shared ? data.slice() : data, value.shape);
}
