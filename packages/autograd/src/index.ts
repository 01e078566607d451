export { Random } from '@neurodex/core/random';
export * from './core/errors.ts';
export { Tensor } from './core/tensor.ts';
export {
  allocate,
  type DType,
  elementCount,
  float32,
  type HostArray,
  int32,
  type Shape,
  type TensorType,
  uint8,
} from './core/types.ts';
export { gradients } from './graph/backward.ts';
export { matrixOperations } from './graph/cost.ts';
export type { Graph } from './graph/graph.ts';
export { printGraph } from './graph/print.ts';
export { type InputTensors, type InputTypes, trace } from './graph/trace.ts';
export * from './nn/layers.ts';
export * from './nn/loss.ts';
export * from './nn/parameters.ts';
export { describeForeignModel, type ForeignModel } from './onnx/foreign.ts';
export { type LowerOptions, lowerGraph, toOnnx } from './onnx/lower.ts';
export { PRECISIONS, type Precision, restored, type Stored, stored } from './onnx/precision.ts';
export { encodeModel, type OnnxModel } from './onnx/protobuf.ts';
export { type NamedArray, type NamedIntegers, readSafetensors, writeSafetensors } from './onnx/safetensors.ts';
export { extractSubgraph, type GraphInterface, type GraphValue, graphInterface } from './onnx/subgraph.ts';
export { withSymbols } from './onnx/symbols.ts';
export { storeWeights, type Weights } from './onnx/weights.ts';
export * from './ops/activation.ts';
export { attention } from './ops/attention.ts';
export { dropout, effectiveRate } from './ops/dropout.ts';
export {
  add,
  div,
  erf,
  exp,
  greaterMask,
  log,
  maximum,
  mul,
  neg,
  relu,
  sigmoid,
  sqrt,
  sub,
  tanh,
} from './ops/elementwise.ts';
export { gather, scatterAdd } from './ops/gather.ts';
export { gemm, matmul } from './ops/matmul.ts';
export { argMax, max, mean, sum } from './ops/reduce.ts';
export { cast, equalMask, select } from './ops/select.ts';
export { broadcastTo, concat, pack, pad, reshape, slice, transpose, unpack } from './ops/shape.ts';
export { constant } from './ops/source.ts';
export { topK } from './ops/top-k.ts';
export { adamW, clipByGlobalNorm } from './optim/adamw.ts';
export { chain, type Optimizer } from './optim/optimizer.ts';
export { learningRateAt, type Schedule } from './optim/schedule.ts';
export { blocking, onBlocking } from './runtime/blocking.ts';
export { loadable } from './runtime/model.ts';
export {
  DEVICES,
  type DeclaredValue,
  type Device,
  type Feeds,
  type LoadableModel,
  type OpenedModel,
  type Runtime,
  type Session,
  type ShapedArray,
} from './runtime/runtime.ts';
export {
  type SavedTrainingState,
  Trainer,
  type TrainingDefinition,
  TrainingState,
  trainingGraph,
} from './runtime/trainer.ts';
