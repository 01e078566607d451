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

/** A parameter that begins with zeros. */
export const zeros = (...shape: number[]): ParameterSpec => fill(shape, 0);

/** A parameter that begins with ones. */
export const ones = (...shape: number[]): ParameterSpec => fill(shape, 1);

/** Normal with the given standard deviation. */
export const normal = (deviation: number, ...shape: number[]): ParameterSpec => ({
  shape,
  decay: true,
  initialize: (target, random) => {
    for (let i = 0; i < target.length; i++) target[i] = deviation * random.normal();
  },
});

/** Uniform in ±√(6 / (in + out)) (Glorot & Bengio 2010); weights are [in, out]. */
export const glorot = (inputs: number, outputs: number): ParameterSpec => ({
  shape: [inputs, outputs],
  decay: true,
  matrices: 1,
  initialize: (target, random) => {
    const limit = Math.sqrt(6 / (inputs + outputs));
    for (let i = 0; i < target.length; i++) target[i] = random.uniform(-limit, limit);
  },
});

/** How many numbers all parameters have. */
export const parameterCount = (specs: ParameterSpecs): number =>
  Object.values(specs).reduce((n, { shape }) => n + elementCount(shape), 0);

/** The flat vector [n] of all parameters, in order, with their initial elements. */
export function initialParameters(specs: ParameterSpecs, random: Random): Float32Array {
  const flat = new Float32Array(parameterCount(specs));
  for (const [, spec, start, end] of layout(specs)) spec.initialize(flat.subarray(start, end), random);
  return flat;
}

/** Name, spec and range in the flat vector of each parameter. */
export function* layout(specs: ParameterSpecs): Generator<[string, ParameterSpec, number, number]> {
  let start = 0;
  for (const [name, spec] of Object.entries(specs)) {
    const end = start + elementCount(spec.shape);
    yield [name, spec, start, end];
    start = end;
  }
}

/** The named tensors inside a flat vector of parameters. */
export function openParameters<S extends ParameterSpecs>(specs: S, flat: Tensor): Parameters<S> {
  const tensors = unpack(
    flat,
    Object.values(specs).map((spec) => spec.shape),
  );
  return mapValues(specs, (_: ParameterSpec, name, i) => defined(tensors[i], `the parameter ${name}`));
}

/** Tensors of parameters by name. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** One of several parameters, by its name. @throws RangeError when there is none of that name */
export function parameter(parameters: NamedTensors, name: string): Tensor {
  const tensor = parameters[name];
  if (tensor === undefined) throw new RangeError(`the network has no parameter ${name}`);
  return tensor;
}

/** Weight and bias of a layer: `block0.fc1` gives `block0.fc1.weight` and `block0.fc1.bias`. */
export const layer = (parameters: NamedTensors, name: string): { readonly weight: Tensor; readonly bias: Tensor } => ({
  weight: parameter(parameters, `${name}.weight`),
  bias: parameter(parameters, `${name}.bias`),
});
