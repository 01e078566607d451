import os from 'node:os';
import { env, InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-node';
import { RuntimeError } from '../core/errors.ts';
import { allocate, elementCount, type HostArray } from '../core/types.ts';
import type { Device, Feeds, Fetches, LoadableModel, Runtime, Session, ValueType } from './runtime.ts';

// What goes wrong is thrown; ONNX Runtime need not print it as well.
env.logLevel = 'fatal';

export interface NodeRuntimeOptions {
  readonly device?: Device;
  /** Threads inside one operation; all cores by default. */
  readonly threads?: number;
  /**
   * Whether threads of a session that have nothing to do look for work all the time; else they sleep. Looking is quicker
   * by itself, and takes the cores from whatever else the machine does. True unless told.
   */
  readonly spinning?: boolean;
  /** Writes ONNX Runtime's profile of every session here, as a Chrome trace. */
  readonly profile?: string;
}

/** ONNX Runtime in Node. A device that this machine does not have is refused when the first session is loaded. */
export function nodeRuntime({
  device = 'cpu',
  threads = os.availableParallelism(),
  spinning = true,
  profile,
}: NodeRuntimeOptions = {}): Runtime {
  const options: InferenceSession.SessionOptions = {
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // One block planned for all values is taken beside the memory of the first run, which is never given back: a third more
    // resident for the seed's training step, and no faster.
    enableMemPattern: false,
    logSeverityLevel: 3,
    ...(spinning ? {} : { extra: { session: { intra_op: { allow_spinning: '0' } } } }),
    ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
  };
  return {
    device,
    contrib: device !== 'webgpu',
    async load(model, { small = false } = {}) {
      try {
        const own = small ? { ...options, intraOpNumThreads: 1 } : options;
        return new NodeSession(await InferenceSession.create(model.bytes, own), model);
      } catch (error) {
        const reason = reasonOf(error);
        if (device !== 'cpu')
          throw new RuntimeError(`the device ${device} cannot be used here: ${reason}`, { cause: error });
        throw new RuntimeError(`ONNX Runtime refused the graph: ${reason}`, { cause: error });
      }
    },
  };
}

/** The first line of what ONNX Runtime says, without the place in its sources. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n', 1)[0] ?? text).replace(/^\/\S+\.(cc|h):\d+ .* was false\. /, '');
}

class NodeSession implements Session {
  private readonly session: InferenceSession;
  private readonly inputs: readonly ValueType[];
  private readonly outputs: readonly ValueType[];

  constructor(session: InferenceSession, model: LoadableModel) {
    this.session = session;
    this.inputs = model.inputs;
    this.outputs = model.outputs;
  }

  async run(feeds: Feeds, into: Fetches = {}): Promise<Fetches> {
    const given: Record<string, OnnxTensor> = {};
    for (const value of this.inputs) given[value.name] = wrap(value, feeds[value.name], 'input');
    const fetched: Fetches = Object.fromEntries(
      this.outputs.map((value) => [value.name, into[value.name] ?? allocate(value.dtype, elementCount(value.shape))]),
    );
    const targets = Object.fromEntries(
      this.outputs.map((value) => [value.name, wrap(value, fetched[value.name], 'output')]),
    );
    try {
      await this.session.run(given, targets);
    } catch (error) {
      throw new RuntimeError(`ONNX Runtime could not run the graph: ${reasonOf(error)}`, { cause: error });
    }
    return fetched;
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

/**
 * An array as a tensor, without a copy: ONNX Runtime reads and writes the array itself. It takes none whose memory threads
 * share: of an input, it gets a copy.
 */
function wrap({ name, dtype, shape }: ValueType, data: HostArray | undefined, what: string): OnnxTensor {
  if (data === undefined) throw new RuntimeError(`the ${what} ${name} is missing`);
  const wanted = allocate(dtype, 0).constructor;
  if (data.constructor !== wanted)
    throw new RuntimeError(
      `the ${what} ${name} is ${dtype} and takes a ${wanted.name}, not a ${data.constructor.name}`,
    );
  if (data.length !== elementCount(shape)) {
    throw new RuntimeError(
      `the ${what} ${name} has ${data.length} elements; [${shape.join(',')}] holds ${elementCount(shape)}`,
    );
  }
  const shared = typeof SharedArrayBuffer !== 'undefined' && data.buffer instanceof SharedArrayBuffer;
  if (shared && what === 'output') throw new RuntimeError(`the output ${name} cannot be written to shared memory`);
  return new OnnxTensor(dtype, (shared ? data.slice() : data) as never, shape);
}
