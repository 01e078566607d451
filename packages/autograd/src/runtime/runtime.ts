import type { HostArray } from '../core/types.ts';

/** What can compute; not every machine has each. */
export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const;

/** What computes. */
export type Device = (typeof DEVICES)[number];

/** Elements by input or output name; shapes are those of the graph. */
export type Feeds = Readonly<Record<string, HostArray>>;

/** Elements by the names of outputs. */
export type Fetches = Readonly<Record<string, HostArray>>;

/** A loaded graph. Calls may not overlap. */
export interface Session {
  /**
   * Runs the graph once.
   * @param into arrays to write outputs to, by name; other outputs come in new arrays
   */
  run(feeds: Feeds, into?: Fetches): Promise<Fetches>;
  /** Frees it; it cannot be run any more. */
  release(): Promise<void>;
}

/** An input or output of a model that was made elsewhere, as its file declares it. */
export interface DeclaredValue {
  /** Of the value. */
  readonly name: string;
  /** ONNX Runtime's name of the element type: 'float32', 'uint8', 'float16' … */
  readonly dtype: string;
  /** Dimensions; undefined where the file leaves one open. */
  readonly shape: readonly (number | undefined)[];
}

/** Elements with the shape that they have in this run. */
export interface ShapedArray<T extends HostArray = HostArray> {
  /** Its dimensions. */
  readonly shape: readonly number[];
  /** Row by row. */
  readonly data: T;
}

/** A loaded model that was made elsewhere: its shapes may be open. Calls may not overlap. */
export interface OpenedModel {
  /** What it takes. */
  readonly inputs: readonly DeclaredValue[];
  /** What it gives. */
  readonly outputs: readonly DeclaredValue[];
  /**
   * Runs the model once, for one output.
   * @param feeds float32, int32, int64 or uint8, by input name
   * @throws RuntimeError when it refuses them, or the output is not float32
   */
  run(feeds: Readonly<Record<string, ShapedArray>>, output: string): Promise<ShapedArray<Float32Array>>;
  /** Frees it; it cannot be run any more. */
  release(): Promise<void>;
}

/** Something that executes graphs: ONNX Runtime in Node, later in the browser. */
export interface Runtime {
  /** What computes. */
  readonly device: Device;
  /** Whether `com.microsoft` operators run well on this device. */
  readonly contrib: boolean;
  /** Whether inputs are read where they lie: what many graphs share, or read little of, then belongs outside of them. */
  readonly inPlace: boolean;
  /** A graph, ready to be run. */
  load(model: LoadableModel, options?: LoadOptions): Promise<Session>;
  /** Loads a model that was made elsewhere. @throws RuntimeError when the bytes are no ONNX model that can be run */
  open(onnx: Uint8Array): Promise<OpenedModel>;
}

/** How a graph is loaded. */
export interface LoadOptions {
  /** Runs on the calling thread alone: for a graph whose operations are too small to be worth sharing. */
  readonly small?: boolean;
}

/** ONNX bytes with the types of what goes in and out. */
export interface LoadableModel {
  /** Of the ONNX file. */
  readonly bytes: Uint8Array;
  /** Of the graph; what it takes to load it grows with them. */
  readonly nodes?: number;
  /** What it takes. */
  readonly inputs: readonly ValueType[];
  /** What it gives. */
  readonly outputs: readonly ValueType[];
}

/** An input or output of a graph, with its type. */
export interface ValueType {
  /** By which it is fed or fetched. */
  readonly name: string;
  /** Of its elements. */
  readonly dtype: keyof import('../core/types.ts').HostArrays;
  /** Its dimensions. */
  readonly shape: readonly number[];
}
