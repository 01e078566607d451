import { defined } from '@neurodex/core';
import { GraphError } from './errors.ts';
import type { Tensor } from './tensor.ts';
import type { DType, HostArray, Shape, TensorType } from './types.ts';

/** An attribute of an ONNX node. */
export type AttributeValue =
  | number
  | string
  | readonly number[]
  | { readonly floats: readonly number[] }
  | { readonly float: number };

/** Writes ONNX nodes; implemented by onnx/lower.ts. Values are named by strings. */
export interface Emitter {
  /** Whether ONNX Runtime's own operators (`com.microsoft`) may be used, or standard ONNX only. */
  readonly contrib: boolean;
  node(
    opType: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes?: Readonly<Record<string, AttributeValue>>,
    domain?: string,
  ): void;
  constant(dtype: DType, shape: Shape, data: HostArray): string;
  /** A fresh name for a value between two nodes. */
  temporary(): string;
}

export interface LowerContext<A> {
  readonly attributes: A;
  readonly inputs: readonly string[];
  readonly inputTypes: readonly TensorType[];
  readonly outputs: readonly string[];
  readonly outputTypes: readonly TensorType[];
  /** Whether anything reads output i: an unread extra output need not be computed. */
  used(output: number): boolean;
}

export interface VjpContext<A> {
  readonly attributes: A;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Gradient with respect to each output; undefined where nothing depends on it. */
  readonly gradients: readonly (Tensor | undefined)[];
}

/** Operands that the gradient test draws: uniform in [low, high), or the given integers below `high`. */
export interface SampleInput {
  readonly shape: Shape;
  readonly dtype?: DType;
  readonly low?: number;
  readonly high?: number;
}

export interface Sample<A> {
  readonly inputs: readonly SampleInput[];
  readonly attributes: A;
}

/** A tensor whose elements are in the graph. */
export interface KnownTensor extends TensorType {
  readonly data: HostArray;
}

/**
 * One operation, declared in one place.
 * - `infer` gives the output types, or throws a ShapeError that names the operation, operands and shapes.
 * - `vjp` gives the gradient for each input (null: none), in the broadcast shape of the output where inputs broadcast:
 *   `backward` sums it down to the input's shape and accumulates. It is null where the operation has no gradient.
 * - `fold`, of some operations that only move elements: the elements of the outputs, for operands that are in the graph.
 * - `lower` writes ONNX nodes.
 * - `samples` are the operands on which tests compare values with the reference and gradients with finite differences.
 */
export interface Op<A extends object> {
  readonly name: string;
  infer(inputs: readonly TensorType[], attributes: A): readonly TensorType[];
  readonly vjp: ((context: VjpContext<A>) => readonly (Tensor | null)[]) | null;
  readonly fold?: (operands: readonly KnownTensor[], attributes: A) => readonly HostArray[];
  lower(emit: Emitter, context: LowerContext<A>): void;
  readonly samples: readonly Sample<A>[];
}

export const defineOp = <A extends object>(op: Op<A>): Op<A> => op;

/**
 * The gradient of the first output of an operation whose other outputs exist for that gradient alone.
 * @throws GraphError where another output was differentiated: its gradient would be missing from the result.
 */
export function firstGradient(op: string, [first, ...others]: readonly (Tensor | undefined)[]): Tensor {
  if (first === undefined || others.some((g) => g !== undefined))
    throw new GraphError(`only the first output of ${op} has a gradient`);
  return first;
}

/** The first operand, output or gradient of an operation. @throws RangeError where it is missing */
export const single = <T>([first]: readonly (T | undefined)[]): T => defined(first, 'the first operand or output');

/** The first two of them. @throws RangeError where one is missing */
export const pair = <T>([first, second]: readonly (T | undefined)[]): [T, T] => [
  single([first]),
  defined(second, 'the second operand or output'),
];

/** The first three of them. @throws RangeError where one is missing */
export const triple = <T>([first, second, third]: readonly (T | undefined)[]): [T, T, T] => [
  ...pair([first, second]),
  defined(third, 'the third operand or output'),
];
