import type { TensorType } from '../core/types.ts';

/** One operation applied: reads values, makes values. */
export interface GraphNode {
  readonly op: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly attributes: object;
}

export interface NamedValue {
  readonly name: string;
  readonly value: number;
}

/** A traced function: nodes in the order in which they can run. Values are numbers into `types`. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly types: readonly TensorType[];
  /** What is fed at every run, in order of declaration. */
  readonly inputs: readonly NamedValue[];
  /** Inputs that the runtime fills with uniform random bytes. */
  readonly noise: readonly NamedValue[];
  readonly outputs: readonly NamedValue[];
}
