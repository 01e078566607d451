import { GraphError } from '../core/errors.ts';
import type { TensorType } from '../core/types.ts';
import type { Applied } from '../ops/table.ts';

/** One operation applied: reads values, makes values. */
export interface GraphNode extends Applied {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
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

/** @throws GraphError where the graph has no such value */
export function typeOf(graph: Graph, value: number): TensorType {
  const type = graph.types[value];
  if (type === undefined) throw new GraphError(`value ${value} has no type`);
  return type;
}
