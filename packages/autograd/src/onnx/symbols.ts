import { GraphError } from '../core/errors.ts';
import type { LoweredModel } from './lower.ts';
import type { OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './protobuf.ts';

/**
 * Makes dimensions differ from run to run: a graph that was traced with a large prime for each such dimension becomes one
 * in which those are names. Graphs have static shapes; what holds a dimension is the shapes of inputs and outputs and the
 * target shapes of reshapes and expansions, and in these a prime that nothing else is a multiple of can be told from all
 * other numbers.
 * @param symbols name → the prime that the graph was traced with
 * @throws GraphError where another constant than such a target depends on such a dimension
 * @example
 * ```ts
 * import { encodeModel, exp, float32, lowerGraph, trace, withSymbols } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const batch = 10007; // a large prime
 * const model = withSymbols(lowerGraph(trace({ x: float32(batch, 2) }, ({ x }) => ({ y: exp(x) }))), { batch });
 * console.log(model.inputs[0]?.shape); // → [ 'batch', 2 ]
 * const opened = await nodeRuntime().open(encodeModel(model));
 * console.log((await opened.run({ x: { shape: [1, 2], data: new Float32Array(2) } }, 'y')).data); // → Float32Array(2) [ 1, 1 ]
 * ```
 */
export function withSymbols(model: LoweredModel, symbols: Readonly<Record<string, number>>): OnnxModel {
  const least = Math.min(...Object.values(symbols));
  const depends = (size: number): boolean => size >= least;
  const targetsOf = (kind: string) =>
    new Set(model.nodes.flatMap(({ opType, inputs }) => (opType === kind ? [inputs[1]] : [])));
  const [reshaped, expanded] = [targetsOf('Reshape'), targetsOf('Expand')];
  const initializers: OnnxTensor[] = [];
  const shapes: OnnxNode[] = [];
  for (const tensor of model.initializers) {
    const sizes = tensor.data instanceof BigInt64Array ? Array.from(tensor.data, Number) : [];
    if (!sizes.some(depends) && !tensor.shape.some(depends)) {
      initializers.push(tensor);
      continue;
    }
    if (!reshaped.has(tensor.name) && !expanded.has(tensor.name))
      throw new GraphError(`the constant ${tensor.name} depends on one of ${Object.keys(symbols).join(', ')}`);
    const source = (size: number) => sourceOf(model, symbols, size);
    const made = targetShape(tensor.name, sizes, depends, source, !expanded.has(tensor.name));
    initializers.push(...made.initializers);
    shapes.push(...made.nodes);
  }
  const named = (value: OnnxValue): OnnxValue => ({
    ...value,
    shape: value.shape.map((size) => (typeof size === 'number' ? nameOf(size, symbols) : size)),
  });
  return {
    ...model,
    initializers,
    nodes: [...shapes, ...model.nodes],
    inputs: model.inputs.map(named),
    outputs: model.outputs.map(named),
  };
}

/** A number, the name of a symbol, or for those of a concatenation `36 + slots`. */
function nameOf(size: number, symbols: Readonly<Record<string, number>>): number | string {
  const largestFirst = Object.entries(symbols).sort(([, a], [, b]) => b - a);
  const found = largestFirst.find(([, prime]) => size >= prime);
  if (found === undefined) return size;
  const [name, prime] = found;
  return size === prime ? name : `${size - prime} + ${name}`;
}

/** The input and its axis that say how long a dimension is. */
function sourceOf(model: LoweredModel, symbols: Readonly<Record<string, number>>, size: number) {
  for (const { name, shape } of model.inputs) {
    const axis = shape.indexOf(size);
    if (axis >= 0 && Object.values(symbols).includes(size)) return { name, axis };
  }
  return undefined;
}

/** A target shape: of a reshape, one dimension is left to ONNX (−1); others are read off an input. */
function targetShape(
  name: string,
  sizes: readonly number[],
  depends: (size: number) => boolean,
  source: (size: number) => { name: string; axis: number } | undefined,
  infers: boolean,
): { initializers: OnnxTensor[]; nodes: OnnxNode[] } {
  const open = sizes.flatMap((size, i) => (depends(size) ? [{ size, i }] : []));
  const inferred = infers ? (open.find(({ size }) => source(size) === undefined) ?? open[0])?.i : undefined;
  const constant = (suffix: string, values: readonly number[]): OnnxTensor => ({
    name: `${name}${suffix}`,
    dtype: 'int64',
    shape: [values.length],
    data: BigInt64Array.from(values.map(BigInt)),
  });
  if (open.length === 1 && inferred !== undefined)
    return {
      initializers: [
        constant(
          '',
          sizes.map((size, i) => (i === inferred ? -1 : size)),
        ),
      ],
      nodes: [],
    };
  const parts = sizes.map((size, i) => {
    if (i === inferred || !depends(size)) return constant(`_${i}`, [i === inferred ? -1 : size]);
    const from = source(size);
    if (from === undefined) throw new GraphError(`no input says how long the dimension ${i} of ${name} is`);
    return { axis: from.axis, from: from.name };
  });
  const read = parts.flatMap((part, i) =>
    'from' in part ? [node('Shape', [part.from], [`${name}_${i}`], { start: part.axis, end: part.axis + 1 })] : [],
  );
  return {
    initializers: parts.filter((part): part is OnnxTensor => !('from' in part)),
    nodes: [
      ...read,
      node(
        'Concat',
        parts.map((_, i) => `${name}_${i}`),
        [name],
        { axis: 0 },
      ),
    ],
  };
}

const node = (
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: OnnxNode['attributes'],
): OnnxNode => ({ opType, domain: '', inputs, outputs, attributes });
