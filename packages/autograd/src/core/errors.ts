import { showType, type TensorType } from './types.ts';

/**
 * A model that cannot be built: names the operation, its operands and their shapes.
 * @example
 * ```ts
 * import { float32, matmul, ShapeError, trace } from '@neurodex/autograd';
 *
 * try {
 *   trace({ a: float32(2, 3), b: float32(4, 2) }, ({ a, b }) => ({ y: matmul(a, b) }));
 * } catch (error) {
 *   console.log(error instanceof ShapeError && error.message.split(':')[0]); // → matmul(float32[2,3], float32[4,2])
 * }
 * ```
 */
export class ShapeError extends Error {
  constructor(op: string, inputs: readonly TensorType[], problem: string) {
    super(`${op}(${inputs.map(showType).join(', ')}): ${problem}`);
    this.name = 'ShapeError';
  }
}

/**
 * A graph that breaks the engine's own rules, such as one that mixes tensors of two graphs or has two inputs of one name.
 * @example
 * ```ts
 * import { adamW, float32, GraphError, mean, trainingGraph, zeros } from '@neurodex/autograd';
 *
 * try {
 *   const [parameters, inputs] = [{ bias: zeros(2) }, { step: float32(1) }];
 *   trainingGraph({ parameters, inputs, optimizer: adamW(), loss: ({ bias }) => ({ loss: mean(bias) }) });
 * } catch (error) {
 *   if (error instanceof GraphError) console.log(error.message); // → the training graph has an input called step already
 * }
 * ```
 */
export class GraphError extends Error {
  /** Of the class. */
  override readonly name = 'GraphError';
}

/**
 * A device that was asked for and is not there, or a run that the runtime refused.
 * @example
 * ```ts
 * import { RuntimeError } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const opened = nodeRuntime().open(Uint8Array.of(1, 2, 3));
 * console.log(await opened.catch((error: unknown) => error instanceof RuntimeError)); // → true
 * ```
 */
export class RuntimeError extends Error {
  /** Of the class. */
  override readonly name = 'RuntimeError';
}
