import type { HostArray } from '../core/types.ts';

export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const;
export type Device = (typeof DEVICES)[number];

/** Elements by input or output name; shapes are those of the graph. */
export type Feeds = Readonly<Record<string, HostArray>>;
export type Fetches = Readonly<Record<string, HostArray>>;

/** A loaded graph. Calls may not overlap. */
export interface Session {
  /**
   * Runs the graph once.
   * @param into arrays to write outputs to, by name; other outputs come in new arrays
   */
  run(feeds: Feeds, into?: Fetches): Promise<Fetches>;
  release(): Promise<void>;
}

/** Something that executes graphs: ONNX Runtime in Node, later in the browser. */
export interface Runtime {
  readonly device: Device;
  /** Whether `com.microsoft` operators run well on this device. */
  readonly contrib: boolean;
  load(model: LoadableModel, options?: LoadOptions): Promise<Session>;
}

export interface LoadOptions {
  /** Runs on the calling thread alone: for a graph whose operations are too small to be worth sharing. */
  readonly small?: boolean;
}

/** ONNX bytes with the types of what goes in and out. */
export interface LoadableModel {
  readonly bytes: Uint8Array;
  readonly inputs: readonly ValueType[];
  readonly outputs: readonly ValueType[];
}

export interface ValueType {
  readonly name: string;
  readonly dtype: keyof import('../core/types.ts').HostArrays;
  readonly shape: readonly number[];
}
