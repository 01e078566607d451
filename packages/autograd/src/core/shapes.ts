import { ShapeError } from './errors.ts';
import type { Shape, TensorType } from './types.ts';

/** NumPy broadcasting of two shapes; undefined where they do not fit. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    out.push(x === 1 ? y : x);
  }
  return out;
}

/** Axis counted from the front. */
export function normalAxis(op: string, input: TensorType, axis: number): number {
  const rank = input.shape.length;
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError(op, [input], `axis ${axis} is outside a tensor of rank ${rank}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** For `infer`, where an axis is already counted from the front. */
export function expectAxis(op: string, inputs: readonly TensorType[], axis: number): void {
  const rank = inputs[0]?.shape.length ?? 0;
  if (!Number.isInteger(axis) || axis < 0 || axis >= rank)
    throw new ShapeError(op, inputs, `axis ${axis} is outside a tensor of rank ${rank}`);
}

export function reducedShape(shape: Shape, axes: readonly number[], keepDimensions: boolean): Shape {
  return keepDimensions ? shape.map((d, i) => (axes.includes(i) ? 1 : d)) : shape.filter((_, i) => !axes.includes(i));
}

/** `inputs` as a tuple of exactly `n`. */
export function expectCount(op: string, inputs: readonly TensorType[], n: number): void {
  if (inputs.length !== n) throw new ShapeError(op, inputs, `takes ${n} operands, not ${inputs.length}`);
}

export function expectFloat(op: string, inputs: readonly TensorType[], which = inputs): void {
  if (which.some((t) => t.dtype !== 'float32')) throw new ShapeError(op, inputs, 'takes float32 operands');
}
