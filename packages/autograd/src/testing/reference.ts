import type { DType, Shape } from '../core/types.ts';
import type { Graph, GraphNode } from '../graph/graph.ts';
import type { ConstantAttributes } from '../ops/source.ts';
import type { Attributes, OpName } from '../ops/table.ts';
import { at, broadcast, build, fold, type Index, pointwise, rows, total, type Value } from './arrays.ts';

/**
 * Every operation a second time, from its definition, in float64 and plain loops: what ONNX Runtime's results and the
 * gradients are held against. It shares no code with the lowering.
 */

export type Numbers = Readonly<Record<string, readonly number[]>>;
type Rule<A> = (inputs: readonly Value[], attributes: A, feeds: Numbers) => readonly Value[];
/** Total over the operations: one without a rule does not compile. */
type Rules = { readonly [K in OpName]: Rule<Attributes<K>> };

const operand = (inputs: readonly Value[], i = 0): Value => {
  const value = inputs[i];
  if (value === undefined) throw new RangeError(`operand ${i} is missing`);
  return value;
};

/** erf(x) = 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (2n+1)!! (Abramowitz & Stegun 7.1.6): no term cancels another. */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const normalCumulative = (x: number): number => (1 + erf(x / Math.SQRT2)) / 2;

const logSumExp = (row: readonly number[]): number => {
  const largest = Math.max(...row);
  return largest + Math.log(total(row.map((x) => Math.exp(x - largest))));
};
const logSoftmax = (row: number[]): number[] => {
  const z = logSumExp(row);
  return row.map((x) => x - z);
};
const softmax = (row: number[]): number[] => logSoftmax(row).map(Math.exp);

/** Integers wrap around as two's complement; floats lose their fraction on the way to integers. */
function cast(x: number, to: DType): number {
  if (to === 'float32') return x;
  if (to === 'bool') return x === 0 ? 0 : 1;
  const whole = Math.trunc(x);
  return to === 'uint8' ? ((whole % 256) + 256) % 256 : to === 'int32' ? whole | 0 : whole;
}

const reduceWith =
  (f: (group: number[]) => number): Rule<{ readonly axes: readonly number[]; readonly keepDimensions: boolean }> =>
  (inputs, { axes, keepDimensions }) => [fold(operand(inputs), axes, keepDimensions, f)];

const reshaped = (x: Value, shape: Shape): Value => ({ shape, data: x.data });
const replaced = (index: Index, axis: number, value: number): Index => index.map((i, a) => (a === axis ? value : i));

/** A matrix of a batch as a function of (batch, row, column), whatever the layout in memory. */
function batchOf(x: Value, transposed: boolean, rowsFirst: boolean) {
  const [first, ...rest] = x.shape as [number, ...number[]];
  const columns = x.shape.at(-1) ?? 1;
  const batch = rowsFirst ? rest.slice(0, -1) : x.shape.slice(0, -2);
  const lengths = [rowsFirst ? first : (x.shape.at(-2) ?? 1), columns];
  const [height, width] = transposed ? lengths.reverse() : lengths;
  const element = (outer: Index, row: number, column: number): number => {
    const [i, j] = transposed ? [column, row] : [row, column];
    // Axes of the batch that this operand lacks, or that have length 1, are not counted.
    const own = outer.slice(outer.length - batch.length);
    return at(x, rowsFirst ? [i, ...own, j] : [...own, i, j]);
  };
  return { batch, height: height ?? 1, width: width ?? 1, element };
}

function product(a: ReturnType<typeof batchOf>, b: ReturnType<typeof batchOf>): Value {
  return build([...broadcast(a.batch, b.batch), a.height, b.width], (index) => {
    const [outer, i, j] = [index.slice(0, -2), index.at(-2) ?? 0, index.at(-1) ?? 0];
    return total(Array.from({ length: a.width }, (_, k) => a.element(outer, i, k) * b.element(outer, k, j)));
  });
}

/** Softmax(q·kᵀ/√(D/H) + mask)·v for each picture of the batch and each head. */
const attention: Rule<Attributes<'attention'>> = (inputs, { heads }) => {
  const [q, k, v, mask] = [operand(inputs), operand(inputs, 1), operand(inputs, 2), inputs[3]];
  const [s = 0, batch = 0, width = 0] = q.shape;
  const [keys = 0] = k.shape;
  const size = width / heads;
  const scores = build([batch, heads, s, keys], ([b = 0, h = 0, i = 0, j = 0]) => {
    const products = Array.from({ length: size }, (_, d) => at(q, [i, b, h * size + d]) * at(k, [j, b, h * size + d]));
    return total(products) / Math.sqrt(size) + (mask === undefined ? 0 : at(mask, [b, 0, i, j]));
  });
  const probabilities = rows(scores, softmax);
  const out = build([s, batch, width], ([i = 0, b = 0, d = 0]) =>
    total(
      Array.from({ length: keys }, (_, j) => at(probabilities, [b, Math.floor(d / size), i, j]) * at(v, [j, b, d])),
    ),
  );
  return [out, probabilities];
};

export const RULES: Rules = {
  input: (_, { name, shape }, feeds) => {
    const data = feeds[name];
    if (data === undefined) throw new RangeError(`the input ${name} is missing`);
    return [{ shape, data }];
  },
  constant: (_, { shape, data }: ConstantAttributes) => [
    { shape, data: Array.from(data as ArrayLike<number | bigint>, Number) },
  ],

  add: pointwise((a, b) => a + b),
  sub: pointwise((a, b) => a - b),
  mul: pointwise((a, b) => a * b),
  div: pointwise((a, b) => a / b),
  maximum: pointwise(Math.max),
  neg: pointwise((x) => -x),
  exp: pointwise(Math.exp),
  log: pointwise(Math.log),
  sqrt: pointwise(Math.sqrt),
  erf: pointwise(erf),
  tanh: pointwise(Math.tanh),
  sigmoid: pointwise(sigmoid),
  relu: pointwise((x) => Math.max(x, 0)),
  greaterMask: pointwise((a, b) => (a > b ? 1 : 0)),
  cast: (inputs, { to }) => pointwise((x) => cast(x, to))(inputs),
  equalMask: pointwise((a, b) => (a === b ? 1 : 0)),
  select: pointwise((mask, a, b) => (mask === 0 ? b : a)),

  sum: reduceWith(total),
  mean: reduceWith((group) => total(group) / group.length),
  max: reduceWith((group) => Math.max(...group)),
  argMax: (inputs, { axis }) => [fold(operand(inputs), [axis], false, (group) => group.indexOf(Math.max(...group)))],

  topK: (inputs, { k }) => {
    const x = operand(inputs);
    const width = x.shape.at(-1) ?? 1;
    const shape = [...x.shape.slice(0, -1), k];
    const order = Array.from({ length: x.data.length / width }, (_, row) => {
      const values = x.data.slice(row * width, (row + 1) * width);
      return values
        .map((_, i) => i)
        .sort((a, b) => (values[b] ?? NaN) - (values[a] ?? NaN) || a - b)
        .slice(0, k);
    });
    const values = order.flatMap((places, row) => places.map((i) => x.data[row * width + i] ?? NaN));
    return [
      { shape, data: values },
      { shape, data: order.flat() },
    ];
  },

  reshape: (inputs, { shape }) => [reshaped(operand(inputs), shape)],
  transpose: (inputs, { permutation }) => {
    const x = operand(inputs);
    const shape = permutation.map((axis) => x.shape[axis] ?? 1);
    return [
      build(shape, (index) =>
        at(
          x,
          permutation.map((_, axis) => index[permutation.indexOf(axis)] ?? 0),
        ),
      ),
    ];
  },
  broadcastTo: (inputs, { shape }) => [build(shape, (index) => at(operand(inputs), index))],
  slice: (inputs, { axis, start, end }) => {
    const x = operand(inputs);
    const shape = replaced(x.shape, axis, end - start);
    return [build(shape, (index) => at(x, replaced(index, axis, (index[axis] ?? 0) + start)))];
  },
  pad: (inputs, { axis, before, after }) => {
    const x = operand(inputs);
    const length = x.shape[axis] ?? 0;
    return [
      build(replaced(x.shape, axis, before + length + after), (index) => {
        const i = (index[axis] ?? 0) - before;
        return i < 0 || i >= length ? 0 : at(x, replaced(index, axis, i));
      }),
    ];
  },
  concat: (inputs, { axis }) => {
    const origin = inputs.flatMap((part) => Array.from({ length: part.shape[axis] ?? 0 }, (_, i) => ({ part, i })));
    return [
      build(replaced(operand(inputs).shape, axis, origin.length), (index) => {
        const from = origin[index[axis] ?? 0];
        return from === undefined ? NaN : at(from.part, replaced(index, axis, from.i));
      }),
    ];
  },
  pack: (inputs) => {
    const data = inputs.flatMap((x) => x.data);
    return [{ shape: [data.length], data }];
  },
  unpack: (inputs, { shapes }) => {
    const rest = [...operand(inputs).data];
    return shapes.map((shape) => ({
      shape,
      data: rest.splice(
        0,
        shape.reduce((n, d) => n * d, 1),
      ),
    }));
  },

  gather: (inputs) => {
    const [table, positions] = [operand(inputs), operand(inputs, 1)];
    const rank = positions.shape.length;
    return [
      build([...positions.shape, ...table.shape.slice(1)], (index) =>
        at(table, [at(positions, index.slice(0, rank)), ...index.slice(rank)]),
      ),
    ];
  },
  scatterAdd: (inputs, { rows: height }) => {
    const [positions, updates] = [operand(inputs), operand(inputs, 1)];
    const inner = updates.shape.slice(positions.shape.length);
    const width = inner.reduce((n, d) => n * d, 1);
    return [
      build([height, ...inner], ([row = 0, ...index]) => {
        const column = inner.reduce((p, length, axis) => p * length + (index[axis] ?? 0), 0);
        return total(positions.data.map((p, i) => (p === row ? (updates.data[i * width + column] ?? NaN) : 0)));
      }),
    ];
  },
  matmul: (inputs, { transposeA, transposeB, rowsFirstA, rowsFirstB, alpha }) => {
    const a = batchOf(operand(inputs), transposeA, rowsFirstA);
    const b = batchOf(operand(inputs, 1), transposeB, rowsFirstB);
    return pointwise((x) => alpha * x)([product(a, b)]);
  },
  gemm: (inputs, { transposeA, transposeB }) => {
    const a = batchOf(operand(inputs), transposeA, false);
    const b = batchOf(operand(inputs, 1), transposeB, false);
    return inputs[2] === undefined ? [product(a, b)] : pointwise((x, y) => x + y)([product(a, b), inputs[2]]);
  },

  gelu: (inputs) => [...pointwise((x) => x * normalCumulative(x))(inputs), ...pointwise(normalCumulative)(inputs)],
  softmax: (inputs) => [rows(operand(inputs), softmax)],
  logSoftmax: (inputs) => [rows(operand(inputs), logSoftmax)],
  standardize: (inputs, { epsilon }) => {
    const x = operand(inputs);
    const last = [x.shape.length - 1];
    const mean = fold(x, last, true, (row) => total(row) / row.length);
    const inverse = fold(x, last, true, (row) => {
      const average = total(row) / row.length;
      return 1 / Math.sqrt(total(row.map((v) => (v - average) ** 2)) / row.length + epsilon);
    });
    return [...pointwise((v, m, i) => (v - m) * i)([x, mean, inverse]), inverse];
  },
  stopGradient: (inputs) => [operand(inputs)],
  attention,
  dropoutMask: (inputs, { rate }) => {
    const dropped = Math.round(rate * 256);
    return pointwise((byte) => (byte < dropped ? 0 : 256 / (256 - dropped)))(inputs);
  },
};

/**
 * The outputs of a graph, or those that are asked for; only what they need is computed. Noise is fed like any input.
 */
export function evaluate(graph: Graph, feeds: Numbers, only?: readonly string[]): Readonly<Record<string, Value>> {
  const maker = new Map<number, GraphNode>(graph.nodes.flatMap((node) => node.outputs.map((id) => [id, node])));
  const values = new Map<number, Value>();
  const value = (id: number): Value => {
    const node = maker.get(id);
    if (node === undefined) throw new RangeError(`value ${id} is never made`);
    if (!values.has(id)) {
      const rule = RULES[node.op as OpName] as Rule<object>;
      const results = rule(node.inputs.map(value), node.attributes, feeds);
      node.outputs.forEach((output, i) => {
        values.set(output, operand(results, i));
      });
    }
    return values.get(id) as Value;
  };
  const wanted = graph.outputs.filter(({ name }) => only === undefined || only.includes(name));
  return Object.fromEntries(wanted.map(({ name, value: id }) => [name, value(id)]));
}
