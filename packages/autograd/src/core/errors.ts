import { showType, type TensorType } from './types.ts';

/** A model that cannot be built: names the operation, its operands and their shapes. */
export class ShapeError extends Error {
  constructor(op: string, inputs: readonly TensorType[], problem: string) {
    super(`${op}(${inputs.map(showType).join(', ')}): ${problem}`);
    this.name = 'ShapeError';
  }
}

/** A graph that breaks the engine's own rules: a bug of a transformation, never of a user. */
export class GraphError extends Error {
  /** Of the class. */
  override readonly name = 'GraphError';
}

/** A device that was asked for and is not there, or a run that the runtime refused. */
export class RuntimeError extends Error {
  /** Of the class. */
  override readonly name = 'RuntimeError';
}
