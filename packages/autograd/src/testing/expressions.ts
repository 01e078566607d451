import fc from 'fast-check';
import { broadcastShapes } from '../core/shapes.ts';
import type { Tensor } from '../core/tensor.ts';
import { elementCount, type Shape, sameShape } from '../core/types.ts';
import { gelu, logSoftmax, softmax, standardize } from '../ops/activation.ts';
import { add, div, erf, exp, log, mul, neg, sigmoid, sqrt, sub, tanh } from '../ops/elementwise.ts';
import { gather } from '../ops/gather.ts';
import { gemm, matmul } from '../ops/matmul.ts';
import { pack, unpack } from '../ops/pack.ts';
import { mean, sum } from '../ops/reduce.ts';
import { broadcastTo, concat, pad, reshape, slice, transpose } from '../ops/shape.ts';
import { constant } from '../ops/source.ts';

/** One step of a random program: which operation, on which earlier results, with which choice of attributes. */
export interface Step {
  readonly op: number;
  readonly a: number;
  readonly b: number;
  readonly choice: number;
}

const natural = fc.nat({ max: 1000 });
export const steps = (least: number, most: number): fc.Arbitrary<Step[]> =>
  fc.array(fc.record({ op: natural, a: natural, b: natural, choice: natural }), { minLength: least, maxLength: most });

/** float32 operands, of rank 0 to 3 with lengths of 1 to 3. */
export const shapes: fc.Arbitrary<Shape[]> = fc.array(
  fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 0, maxLength: 3 }),
  { minLength: 2, maxLength: 4 },
);

/** undefined: the operation does not fit these operands, and the program goes on without it. */
type Move = (a: Tensor, b: Tensor, choice: number) => Tensor | undefined;

const fits = (a: Tensor, b: Tensor): boolean => broadcastShapes(a.shape, b.shape) !== undefined;
const pairwise =
  (f: (a: Tensor, b: Tensor) => Tensor): Move =>
  (a, b) =>
    fits(a, b) ? f(a, b) : undefined;
const withAxis =
  (f: (a: Tensor, axis: number, choice: number) => Tensor | undefined): Move =>
  (a, _, choice) =>
    a.rank === 0 ? undefined : f(a, choice % a.rank, choice);
const positive = (x: Tensor): Tensor => add(sigmoid(x), 0.5);

/** Smooth operations only, so that finite differences mean something everywhere. */
const MOVES: readonly Move[] = [
  pairwise(add),
  pairwise(sub),
  pairwise((a, b) => mul(tanh(a), b)),
  pairwise((a, b) => div(a, positive(b))),
  (a) => mul(a, a),
  (a) => neg(a),
  (a) => exp(tanh(a)),
  (a) => log(positive(a)),
  (a) => sqrt(positive(a)),
  (a) => erf(a),
  (a) => gelu(a),
  withAxis((a) => softmax(a)),
  withAxis((a) => logSoftmax(a)),
  withAxis((a) => standardize(a, 0.5)),
  withAxis((a, axis, choice) => sum(a, axis, choice % 2 === 0)),
  withAxis((a, axis, choice) => mean(a, axis, choice % 2 === 0)),
  withAxis((a, axis) => slice(a, axis, 0, Math.ceil(a.size(axis) / 2))),
  withAxis((a, axis) => pad(a, axis, 1, 0)),
  withAxis((a) => transpose(a, [...a.shape.keys()].reverse())),
  withAxis((a) => reshape(a, [-1])),
  withAxis((a, _, choice) => {
    const picked = Int32Array.from([choice, choice + 1, choice], (i) => i % a.size(0));
    return gather(a, constant(a.scope, 'int32', [3], picked));
  }),
  (a) => broadcastTo(a, [2, ...a.shape]),
  (a, b) => {
    const axis = a.rank - 1;
    return axis >= 0 && a.rank === b.rank && a.shape.every((d, i) => i === axis || d === b.shape[i])
      ? concat([a, b], axis)
      : undefined;
  },
  (a, b) => unpack(pack([a, b]), [[elementCount(a.shape) + elementCount(b.shape) - 1], [1]])[0],
  (a, b) => (a.rank > 1 && b.rank > 1 && a.size(-1) === b.size(-2) && batches(a, b) ? matmul(a, b) : undefined),
  (a, b) => (a.rank > 1 && a.rank === b.rank && batches(a, b) && a.size(-1) === b.size(-1) ? dots(a, b) : undefined),
  (a, b) =>
    a.rank === 2 ? gemm(a, a, sameShape(b.shape, [a.size(1)]) ? b : undefined, { transposeA: true }) : undefined,
];

const batches = (a: Tensor, b: Tensor): boolean =>
  broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)) !== undefined;
const dots = (a: Tensor, b: Tensor): Tensor => matmul(a, b, { transposeB: true, alpha: 0.5 });

/** Everything a random program makes, operands first; large results are left out. */
export function runProgram(operands: readonly Tensor[], program: readonly Step[]): Tensor[] {
  const pool = [...operands];
  for (const { op, a, b, choice } of program) {
    const [x, y] = [pool[a % pool.length], pool[b % pool.length]];
    const move = MOVES[op % MOVES.length];
    if (x === undefined || y === undefined || move === undefined) continue;
    const made = move(x, y, choice);
    if (made !== undefined && elementCount(made.shape) <= 48 && made.rank <= 4) pool.push(made);
  }
  return pool;
}
