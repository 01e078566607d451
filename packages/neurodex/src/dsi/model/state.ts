import {
  add,
  constant,
  div,
  layer,
  mul,
  type NamedTensors,
  sqrt,
  standardize,
  sum,
  type Tensor,
} from '@neurodex/autograd';
import { packedLayout } from './attention-mask.ts';
import type { ForwardOptions } from './blocks.ts';
import type { Geometry } from './geometry.ts';
import { prefillRows } from './network.ts';

/** Below any norm of a state: keeps the division finite. */
const SMALLEST = 1e-12;

/**
 * The state of each query, unit vectors [B,D]: BOS behind the input, through all blocks, normalised. A memory compares it
 * with its rows, whatever the prefix; only BOS leaves the last block, which so costs next to nothing.
 * @param input as `ModelInput.type`
 */
export function queryStates(
  parameters: NamedTensors,
  input: Tensor,
  geometry: Geometry,
  options: ForwardOptions,
): Tensor {
  const bos = constant(input.scope, 'int32', [1, 1], Int32Array.of(0));
  return statesOf(parameters, prefillRows(parameters, input, bos, packedLayout(1, 1), geometry, options).rows);
}

/** What leaves the last block, [B,D], as states: normalised, and of length 1. */
export function statesOf(parameters: NamedTensors, rows: Tensor): Tensor {
  const { weight, bias } = layer(parameters, 'final');
  return unit(add(mul(standardize(rows), weight), bias));
}

/** Rows divided by their norms. */
export const unit = (rows: Tensor): Tensor => div(rows, sqrt(add(sum(mul(rows, rows), -1, true), SMALLEST)));
