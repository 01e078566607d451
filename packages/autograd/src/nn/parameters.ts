import { defined, mapValues } from '@neurodex/core';
import type { Random } from '@neurodex/core/random';
import type { Tensor } from '../core/tensor.ts';
import { elementCount, type Shape } from '../core/types.ts';
import { unpack } from '../ops/pack.ts';

/** How a parameter starts, and whether weight decay pulls on it. */
export interface ParameterSpec {
  /** Its dimensions. */
  readonly shape: Shape;
  /** Fills `target` with the initial elements. */
  initialize(target: Float32Array, random: Random): void;
  /** Whether weight decay is applied to it. */
  readonly decay: boolean;
  /** How many matrices of linear layers it holds side by side, each with the same number of columns; none by default. */
  readonly matrices?: number;
}

/** A parameter inside the flat vector of all. */
export interface ParameterRange extends Pick<ParameterSpec, 'shape' | 'matrices'> {
  /** Of the parameter. */
  readonly name: string;
}

/** Parameters by name ('block0.qkv.weight'); the order is the order in the flat vector. */
export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>;

/** Parameters as tensors, by name. */
export type Parameters<S extends ParameterSpecs> = { readonly [K in keyof S]: Tensor };

const fill = (shape: Shape, value: number): ParameterSpec => ({
  shape,
  decay: false,
  initialize: (target) => {
    target.fill(value);
  },
});

/**
 * A parameter that begins with zeros; weight decay does not pull on it.
 * @example
 * ```ts
 * import { initialParameters, Random, zeros } from '@neurodex/autograd';
 *
 * console.log(initialParameters({ bias: zeros(3) }, Random.seeded(1))); // → Float32Array(3) [ 0, 0, 0 ]
 * ```
 */
export const zeros = (...shape: number[]): ParameterSpec => fill(shape, 0);

/**
 * A parameter that begins with ones; weight decay does not pull on it.
 * @example
 * ```ts
 * import { initialParameters, ones, Random } from '@neurodex/autograd';
 *
 * console.log(initialParameters({ gain: ones(2) }, Random.seeded(1))); // → Float32Array(2) [ 1, 1 ]
 * ```
 */
export const ones = (...shape: number[]): ParameterSpec => fill(shape, 1);

/**
 * A parameter that begins with normally distributed numbers of mean 0 and the given standard deviation; weight decay pulls
 * on it.
 * @example
 * ```ts
 * import { initialParameters, normal, Random } from '@neurodex/autograd';
 *
 * const values = initialParameters({ table: normal(0.02, 500, 20) }, Random.seeded(1));
 * const variance = values.reduce((sum, x) => sum + x * x, 0) / values.length;
 * console.log(values.length, Math.sqrt(variance).toFixed(3)); // → 10000 0.020
 * ```
 */
export const normal = (deviation: number, ...shape: number[]): ParameterSpec => ({
  shape,
  decay: true,
  initialize: (target, random) => {
    for (let i = 0; i < target.length; i++) target[i] = deviation * random.normal();
  },
});

/**
 * A matrix [in, out] that begins uniform in ±√(6 / (in + out)) (Glorot & Bengio 2010); weight decay pulls on it.
 * @example
 * ```ts
 * import { glorot, initialParameters, Random } from '@neurodex/autograd';
 *
 * const weight = glorot(100, 50);
 * const values = initialParameters({ weight }, Random.seeded(1));
 * console.log(weight.shape, Math.max(...values).toFixed(2), Math.min(...values).toFixed(2)); // → [ 100, 50 ] 0.20 -0.20
 * ```
 */
export const glorot = (inputs: number, outputs: number): ParameterSpec => ({
  shape: [inputs, outputs],
  decay: true,
  matrices: 1,
  initialize: (target, random) => {
    const limit = Math.sqrt(6 / (inputs + outputs));
    for (let i = 0; i < target.length; i++) target[i] = random.uniform(-limit, limit);
  },
});

/**
 * How many numbers all parameters have.
 * @example
 * ```ts
 * import { glorot, parameterCount, zeros } from '@neurodex/autograd';
 *
 * console.log(parameterCount({ weight: glorot(4, 3), bias: zeros(3) })); // → 15
 * ```
 */
export const parameterCount = (specs: ParameterSpecs): number =>
  Object.values(specs).reduce((n, { shape }) => n + elementCount(shape), 0);

/**
 * The flat vector [n] of all parameters, in order, with their initial elements.
 * @example
 * ```ts
 * import { initialParameters, ones, Random, zeros } from '@neurodex/autograd';
 *
 * const specs = { gain: ones(2), bias: zeros(1) };
 * console.log(initialParameters(specs, Random.stream(1, 'parameters'))); // → Float32Array(3) [ 1, 1, 0 ]
 * ```
 */
export function initialParameters(specs: ParameterSpecs, random: Random): Float32Array {
  const flat = new Float32Array(parameterCount(specs));
  for (const [, spec, start, end] of layout(specs)) spec.initialize(flat.subarray(start, end), random);
  return flat;
}

/**
 * Name, spec, first place and the place behind the last of each parameter in the flat vector, in order.
 * @example
 * ```ts
 * import { glorot, layout, zeros } from '@neurodex/autograd';
 *
 * for (const [name, { shape }, start, end] of layout({ weight: glorot(4, 3), bias: zeros(3) })) {
 *   console.log(name, shape, start, end);
 * }
 * // → weight [ 4, 3 ] 0 12
 * // → bias [ 3 ] 12 15
 * ```
 */
export function* layout(specs: ParameterSpecs): Generator<[string, ParameterSpec, number, number]> {
  let start = 0;
  for (const [name, spec] of Object.entries(specs)) {
    const end = start + elementCount(spec.shape);
    yield [name, spec, start, end];
    start = end;
  }
}

/**
 * The named tensors inside a flat vector [n] of parameters.
 * @example
 * ```ts
 * import { float32, loadable, openParameters, trace, zeros } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const graph = trace({ flat: float32(5) }, ({ flat }) => {
 *   const { weight, bias } = openParameters({ weight: zeros(2, 2), bias: zeros(1) }, flat);
 *   return { weight, bias };
 * });
 * const session = await nodeRuntime().load(loadable(graph));
 * console.log((await session.run({ flat: Float32Array.of(1, 2, 3, 4, 5) })).bias); // → Float32Array(1) [ 5 ]
 * ```
 */
export function openParameters<S extends ParameterSpecs>(specs: S, flat: Tensor): Parameters<S> {
  const tensors = unpack(
    flat,
    Object.values(specs).map((spec) => spec.shape),
  );
  return mapValues(specs, (_: ParameterSpec, name, i) => defined(tensors[i], `the parameter ${name}`));
}

/** Tensors of parameters by name. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/**
 * One of several parameters, by its name.
 * @throws RangeError where there is none of that name
 * @example
 * ```ts
 * import { float32, parameter, trace } from '@neurodex/autograd';
 *
 * trace({ 'fc.weight': float32(4, 3) }, (parameters) => {
 *   const weight = parameter(parameters, 'fc.weight');
 *   console.log(weight.shape); // → [ 4, 3 ]
 *   return { weight };
 * });
 * ```
 */
export function parameter(parameters: NamedTensors, name: string): Tensor {
  const tensor = parameters[name];
  if (tensor === undefined) throw new RangeError(`the network has no parameter ${name}`);
  return tensor;
}

/**
 * Weight and bias of a layer: `block0.fc1` gives `block0.fc1.weight` and `block0.fc1.bias`.
 * @throws RangeError where one of them is not there
 * @example
 * ```ts
 * import { float32, layer, linear, trace } from '@neurodex/autograd';
 *
 * const types = { x: float32(8, 4), 'fc.weight': float32(4, 3), 'fc.bias': float32(3) };
 * trace(types, ({ x, ...parameters }) => {
 *   const y = linear(x, layer(parameters, 'fc'));
 *   console.log(y.shape); // → [ 8, 3 ]
 *   return { y };
 * });
 * ```
 */
export const layer = (parameters: NamedTensors, name: string): { readonly weight: Tensor; readonly bias: Tensor } => ({
  weight: parameter(parameters, `${name}.weight`),
  bias: parameter(parameters, `${name}.bias`),
});
