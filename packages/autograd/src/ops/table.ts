import type { Op } from '../core/op.ts';
import { geluOp, logSoftmaxOp, softmaxOp, standardizeOp, stopGradientOp } from './activation.ts';
import { attentionOp } from './attention.ts';
import { dropoutMaskOp } from './dropout.ts';
import * as elementwise from './elementwise.ts';
import { gatherOp, scatterAddOp } from './gather.ts';
import { gemmOp, matmulOp } from './matmul.ts';
import { packOp, unpackOp } from './pack.ts';
import { argMaxOp, maxOp, meanOp, sumOp } from './reduce.ts';
import { castOp, equalMaskOp, selectOp } from './select.ts';
import { broadcastToOp, concatOp, padOp, reshapeOp, sliceOp, transposeOp } from './shape.ts';
import { constantOp, inputOp } from './source.ts';
import { topKOp } from './top-k.ts';

/** Every operation of the engine, under the name it is applied by. */
export const OPS = {
  input: inputOp,
  constant: constantOp,
  add: elementwise.addOp,
  sub: elementwise.subOp,
  mul: elementwise.mulOp,
  div: elementwise.divOp,
  maximum: elementwise.maximumOp,
  neg: elementwise.negOp,
  exp: elementwise.expOp,
  log: elementwise.logOp,
  sqrt: elementwise.sqrtOp,
  erf: elementwise.erfOp,
  tanh: elementwise.tanhOp,
  sigmoid: elementwise.sigmoidOp,
  relu: elementwise.reluOp,
  greaterMask: elementwise.greaterMaskOp,
  cast: castOp,
  equalMask: equalMaskOp,
  select: selectOp,
  sum: sumOp,
  mean: meanOp,
  max: maxOp,
  argMax: argMaxOp,
  topK: topKOp,
  reshape: reshapeOp,
  transpose: transposeOp,
  broadcastTo: broadcastToOp,
  slice: sliceOp,
  pad: padOp,
  concat: concatOp,
  pack: packOp,
  unpack: unpackOp,
  gather: gatherOp,
  scatterAdd: scatterAddOp,
  matmul: matmulOp,
  gemm: gemmOp,
  gelu: geluOp,
  softmax: softmaxOp,
  logSoftmax: logSoftmaxOp,
  standardize: standardizeOp,
  stopGradient: stopGradientOp,
  attention: attentionOp,
  dropoutMask: dropoutMaskOp,
} as const;

export type OpName = keyof typeof OPS;

/** The attributes of an operation, as its declaration has them. */
export type Attributes<K extends OpName> = (typeof OPS)[K] extends Op<infer A> ? A : never;

const isOpName = (name: string): name is OpName => Object.hasOwn(OPS, name);

/** The declaration behind a name; names and declarations agree, which the table's test checks. */
export function opNamed(name: string): Op<object> {
  if (!isOpName(name)) throw new RangeError(`no operation is called ${name}`);
  // Each operation takes attributes of its own; a node goes to the one that it was made by.
  return OPS[name] as Op<object>;
}

/** An operation by name, with its attributes. */
export interface Applied {
  /** The name of the operation. */
  readonly op: string;
  /** What it is told beside its inputs. */
  readonly attributes: object;
}

/** Whether an operation is the one of that name, whose attributes it then has. */
export const isApplied = <N extends Applied, K extends OpName>(
  node: N,
  op: K,
): node is N & { readonly op: K; readonly attributes: Attributes<K> } => node.op === op;
