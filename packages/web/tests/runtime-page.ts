import type { Feeds, OpenedModel, Runtime, Session } from '@neurodex/autograd';
import { browserRuntime } from '@neurodex/autograd/browser';
import { type PackedArrays, packed, packedShaped, unpacked, unpackedShaped } from './packed-arrays.ts';
import { trainingCourse } from './small-training.ts';

type Model = Parameters<Runtime['load']>[0];

let runtime: Runtime | undefined;
const sessions: Session[] = [];
const models: OpenedModel[] = [];

const existing = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('it was never made');
  return value;
};

/** What a test asks of the runtime in this page; arrays go in and out as text. */
const page = {
  async open(options: Parameters<typeof browserRuntime>[0]) {
    runtime = await browserRuntime(options);
    const { device, contrib, inPlace } = runtime;
    return { device, contrib, inPlace };
  },
  async load(bytes: PackedArrays, model: Omit<Model, 'bytes'>): Promise<number> {
    const { bytes: own } = unpacked(bytes);
    if (!(own instanceof Uint8Array)) throw new Error('a model is bytes');
    sessions.push(await existing(runtime).load({ ...model, bytes: own }));
    return sessions.length - 1;
  },
  async run(session: number, feeds: PackedArrays, into: PackedArrays) {
    const given: Feeds = unpacked(feeds);
    const targets = unpacked(into);
    const outputs = await existing(sessions[session]).run(given, targets);
    return {
      outputs: packed(outputs),
      feeds: packed(given),
      written: Object.keys(targets).filter((name) => outputs[name] === targets[name]),
    };
  },
  release: async (session: number): Promise<void> => await existing(sessions[session]).release(),
  async openModel(bytes: PackedArrays) {
    const { bytes: own } = unpacked(bytes);
    if (!(own instanceof Uint8Array)) throw new Error('a model is bytes');
    const model = await existing(runtime).open(own);
    models.push(model);
    return { model: models.length - 1, inputs: model.inputs, outputs: model.outputs };
  },
  async runModel(model: number, feeds: Parameters<typeof unpackedShaped>[0], output: string) {
    const found = await existing(models[model]).run(unpackedShaped(feeds), output);
    return packedShaped({ found });
  },
  releaseModel: async (model: number): Promise<void> => await existing(models[model]).release(),
  train: async (steps: number): Promise<number[]> => await trainingCourse(existing(runtime), steps),
};

export type RuntimePage = typeof page;

declare global {
  var runtimePage: RuntimePage;
}
globalThis.runtimePage = page;
