import os from 'node:os';
import { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-node';
import { RuntimeError } from '../core/errors.ts';
import { allocate, elementCount, type HostArray } from '../core/types.ts';
import type { Device, Feeds, Fetches, LoadableModel, Runtime, Session, ValueType } from './runtime.ts';

export interface NodeRuntimeOptions {
  readonly device?: Device;
  /** Threads inside one operation; all cores by default. */
  readonly threads?: number;
  /** Writes ONNX Runtime's profile of every session here, as a Chrome trace. */
  readonly profile?: string;
}

/** ONNX Runtime in Node. A device that this machine does not have is refused when the first session is loaded. */
export function nodeRuntime({
  device = 'cpu',
  threads = os.availableParallelism(),
  profile,
}: NodeRuntimeOptions = {}): Runtime {
  const options: InferenceSession.SessionOptions = {
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
    ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
  };
  return {
    device,
    contrib: device !== 'webgpu',
    async load(model) {
      try {
        return new NodeSession(await InferenceSession.create(model.bytes, options), model);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (device !== 'cpu')
          throw new RuntimeError(`the device ${device} cannot be used here: ${firstLine(reason)}`, { cause: error });
        throw new RuntimeError(`ONNX Runtime refused the graph: ${firstLine(reason)}`, { cause: error });
      }
    },
  };
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? text;

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
    await this.session.run(given, targets);
    return fetched;
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

/** An array as a tensor, without a copy: ONNX Runtime reads and writes the array itself. */
function wrap({ name, dtype, shape }: ValueType, data: HostArray | undefined, what: string): OnnxTensor {
  if (data === undefined) throw new RuntimeError(`the ${what} ${name} is missing`);
  if (data.length !== elementCount(shape)) {
    throw new RuntimeError(
      `the ${what} ${name} has ${data.length} elements; [${shape.join(',')}] holds ${elementCount(shape)}`,
    );
  }
  return new OnnxTensor(dtype, data as never, shape);
}
