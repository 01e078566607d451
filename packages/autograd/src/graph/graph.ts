import { GraphError } from '../core/errors.ts';
import type { TensorType } from '../core/types.ts';
import type { Applied } from '../ops/table.ts';

/** One operation applied: reads values, makes values. */
export interface GraphNode extends Applied {
  /** The values that it takes, by their numbers. */
  readonly inputs: readonly number[];
  /** The values that it gives, by their numbers. */
  readonly outputs: readonly number[];
}

/** A value of a graph under a name. */
export interface NamedValue {
  /** Of the value. */
  readonly name: string;
  /** Its number. */
  readonly value: number;
}

/** A traced function: nodes in the order in which they can run. Values are numbers into `types`. */
export interface Graph {
  /** In an order in which they can be computed. */
  readonly nodes: readonly GraphNode[];
  /** Of all values, by their numbers. */
  readonly types: readonly TensorType[];
  /** What is fed at every run, in order of declaration. */
  readonly inputs: readonly NamedValue[];
  /** Inputs that the runtime fills with uniform random bytes. */
  readonly noise: readonly NamedValue[];
  /** The values that are its results, with their names. */
  readonly outputs: readonly NamedValue[];
}

/** @throws GraphError where the graph has no such value */
export function typeOf(graph: Graph, value: number): TensorType {
  const type = graph.types[value];
  if (type === undefined) throw new GraphError(`value ${value} has no type`);
  return type;
}
