import type { InputTypes, NamedTensors, Tensor, TensorType } from '@neurodex/autograd';
import type { KeyValueCache } from '../model/blocks.ts';

/** Names of keys and values as inputs and outputs of graphs, layer by layer. */
export const cacheNames = (layers: number): (readonly [keys: string, values: string])[] =>
  Array.from({ length: layers }, (_, i) => [`keys${i}`, `values${i}`] as const);

/** Keys and values as outputs, by name. */
export function cacheOutputs({ keys, values }: KeyValueCache, prefix = ''): Record<string, Tensor> {
  const outputs: Record<string, Tensor> = {};
  for (const [i, key] of keys.entries()) {
    outputs[`${prefix}keys${i}`] = key;
    const value = values[i];
    if (value !== undefined) outputs[`${prefix}values${i}`] = value;
  }
  return outputs;
}

/** Keys and values that a graph has as inputs. */
export function cacheOf(inputs: NamedTensors, layers: number): KeyValueCache {
  const input = (name: string): Tensor => {
    const tensor = inputs[name];
    if (tensor === undefined) throw new RangeError(`the graph has no input ${name}`);
    return tensor;
  };
  const names = cacheNames(layers);
  return { keys: names.map(([key]) => input(key)), values: names.map(([, value]) => input(value)) };
}

/** @param type of keys and of values in each layer */
export const cacheTypes = (layers: number, type: TensorType): InputTypes =>
  Object.fromEntries(
    cacheNames(layers)
      .flat()
      .map((name) => [name, type]),
  );
