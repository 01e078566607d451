import { defined } from '@neurodex/core';
import type { Tensor } from '../core/tensor.ts';
import type { ParameterRange } from '../nn/parameters.ts';
import { add, div, mul, sqrt } from '../ops/elementwise.ts';
import { matmul } from '../ops/matmul.ts';
import { pack, unpack } from '../ops/pack.ts';
import { sum } from '../ops/reduce.ts';
import { concat, reshape, slice, transpose } from '../ops/shape.ts';
import { type AdamSettings, type AdamWSettings, addDecay, clipByGlobalNorm, descend, scaleByAdam } from './adamw.ts';
import { chain, type Optimizer } from './optimizer.ts';

/** How Muon steps (Jordan et al. 2024), and AdamW beside it. */
export interface MuonSettings extends AdamWSettings {
  /** Decay of the momentum of matrices; 0.95 by default. */
  readonly momentum?: number;
  /** Newton–Schulz iterations; 3 by default. */
  readonly iterations?: number;
}

/**
 * Of the quintic iteration of Jordan et al. 2024: singular values come to lie between 0.7 and 1.2 in five of them. Three bring the large ones
 * there, and networks learn from those as much.
 */
const QUINTIC = [3.4445, -4.775, 2.0315] as const;
/** Root mean square of an update, which is that of AdamW: one learning rate and one decay do for both (Liu et al. 2025, §2.2). */
const UPDATE_SIZE = 0.2;
/** Keeps the division by a norm finite. */
const SMALLEST = 1e-7;

/**
 * Muon: the momentum of each matrix is replaced by the nearest matrix whose singular values are all alike, which Newton–Schulz
 * iterations approach; what is no matrix of a linear layer (embeddings, gains, biases) follows AdamW.
 * @example
 * ```ts
 * import { muon } from '@neurodex/autograd';
 *
 * // In the place of adamW in a definition of training; it keeps as many moments.
 * const optimizer = muon({ weightDecay: 0.01, clip: 1 });
 * console.log(optimizer.moments.length); // → 2
 * ```
 */
export const muon = ({
  weightDecay = 0.01,
  clip = Number.POSITIVE_INFINITY,
  momentum = 0.95,
  iterations = 3,
  ...adam
}: MuonSettings = {}): Optimizer =>
  chain(
    clipByGlobalNorm(clip === Number.POSITIVE_INFINITY ? 3.4e38 : clip),
    scaleByMuon(momentum, iterations, adam),
    addDecay(weightDecay),
    descend,
  );

const isMatrix = ({ shape, matrices }: ParameterRange): boolean => matrices !== undefined && shape.length === 2;

/** Muon's direction of matrices, and Adam's of all else. The second moments of matrices stay 0. */
const scaleByMuon = (momentum: number, iterations: number, adam: AdamSettings): Optimizer => ({
  moments: ['moment1', 'moment2'],
  update(context) {
    const { layout } = context;
    if (!layout.some(isMatrix)) return scaleByAdam(adam).update(context);
    const gradient = divided(context.gradient, layout);
    const first = divided(defined(context.moments.moment1, 'the first moment'), layout);
    const second = divided(defined(context.moments.moment2, 'the second moment'), layout);
    const others = layout.filter((range) => !isMatrix(range));
    const rest =
      others.length === 0
        ? undefined
        : scaleByAdam(adam).update({
            ...context,
            gradient: pack(gradient.others),
            moments: { moment1: pack(first.others), moment2: pack(second.others) },
            layout: others,
          });
    const matrices = layout.filter(isMatrix);
    const g = pack(gradient.matrices);
    const averaged = add(mul(pack(first.matrices), momentum), mul(g, 1 - momentum));
    // Nesterov's: a look ahead along the momentum.
    const ahead = add(mul(averaged, momentum), mul(g, 1 - momentum));
    const joined = (ofMatrices: readonly Tensor[], ofOthers: Tensor | undefined): Tensor => {
      const [left, right] = [ofMatrices.values(), (ofOthers === undefined ? [] : shaped(ofOthers, others)).values()];
      return pack(layout.map((range) => defined((isMatrix(range) ? left : right).next().value, range.name)));
    };
    return {
      gradient: joined(orthogonal(shaped(ahead, matrices), matrices, iterations), rest?.gradient),
      moments: {
        moment1: joined(shaped(averaged, matrices), rest?.moments.moment1),
        moment2: joined(second.matrices, rest?.moments.moment2),
      },
    };
  },
});

const shaped = (vector: Tensor, ranges: readonly ParameterRange[]): readonly Tensor[] =>
  unpack(
    vector,
    ranges.map(({ shape }) => shape),
  );

/** The parameters of a vector of all, matrices apart. */
function divided(vector: Tensor, layout: readonly ParameterRange[]) {
  const parts = shaped(vector, layout).map((tensor, i) => ({ tensor, range: defined(layout[i], 'a parameter') }));
  const those = (matrices: boolean): Tensor[] =>
    parts.flatMap(({ tensor, range }) => (isMatrix(range) === matrices ? [tensor] : []));
  return { matrices: those(true), others: those(false) };
}

/** Where a matrix lies in a stack of some of the same size. */
interface Piece {
  readonly key: string;
  readonly place: number;
  readonly transposed: boolean;
}

/** Each matrix with singular values near 1, and scaled to the size of AdamW's updates. Those of one size are iterated together. */
function orthogonal(matrices: readonly Tensor[], ranges: readonly ParameterRange[], iterations: number): Tensor[] {
  const stacks = new Map<string, Tensor[]>();
  const pieces = matrices.map((matrix, i): Piece[] => {
    const count = ranges[i]?.matrices ?? 1;
    const [rows, columns] = [matrix.size(0), matrix.size(1) / count];
    return Array.from({ length: count }, (_, n) => {
      const one = slice(matrix, 1, n * columns, (n + 1) * columns);
      const transposed = rows > columns;
      const wide = transposed ? transpose(one, [1, 0]) : one;
      const key = wide.shape.join('×');
      const stack = stacks.get(key) ?? [];
      stacks.set(key, stack);
      stack.push(reshape(wide, [1, ...wide.shape]));
      return { key, place: stack.length - 1, transposed };
    });
  });
  const done = new Map([...stacks].map(([key, stack]) => [key, newtonSchulz(concat(stack, 0), iterations)]));
  return pieces.map((parts) =>
    concat(
      parts.map(({ key, place, transposed }) => {
        const stack = defined(done.get(key), 'a stack of matrices');
        const one = reshape(slice(stack, 0, place, place + 1), stack.shape.slice(1));
        return transposed ? transpose(one, [1, 0]) : one;
      }),
      1,
    ),
  );
}

/** @param stack [k, m, n], m ≤ n */
function newtonSchulz(stack: Tensor, iterations: number): Tensor {
  const norm = sqrt(sum(sum(mul(stack, stack), -1, true), -2, true));
  const [a, b, c] = QUINTIC;
  let x = div(stack, add(norm, SMALLEST));
  for (let i = 0; i < iterations; i++) {
    const square = matmul(x, x, { transposeB: true });
    const polynomial = add(mul(square, b), matmul(square, square, { alpha: c }));
    x = add(mul(x, a), matmul(polynomial, x));
  }
  return mul(x, UPDATE_SIZE * Math.sqrt(stack.size(2)));
}
