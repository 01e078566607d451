export { Random } from '@neurodex/core/random';
export * from './core/errors.ts';
export type { AttributeValue } from './core/op.ts';
export type { TraceScope } from './core/tensor.ts';
export { Tensor } from './core/tensor.ts';
export type { HostArrays } from './core/types.ts';
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
export type { GraphBuilder } from './graph/builder.ts';
export { matrixOperations } from './graph/cost.ts';
export type { Graph, GraphNode, NamedValue } from './graph/graph.ts';
export { printGraph } from './graph/print.ts';
export { type InputTensors, type InputTypes, trace } from './graph/trace.ts';
export * from './nn/layers.ts';
export * from './nn/loss.ts';
export * from './nn/parameters.ts';
export { describeForeignModel, type ForeignModel } from './onnx/foreign.ts';
export type { FixedValue, LoweredModel } from './onnx/lower.ts';
export { type LowerOptions, lowerGraph, toOnnx } from './onnx/lower.ts';
export { PRECISIONS, type Precision, restored, type Stored, stored } from './onnx/precision.ts';
export type { OnnxNode, OnnxTensor, OnnxValue, StoredType } from './onnx/protobuf.ts';
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
export type { GemmAttributes, MatmulAttributes } from './ops/matmul.ts';
export { gemm, matmul } from './ops/matmul.ts';
export { pack, unpack } from './ops/pack.ts';
export { argMax, max, mean, sum } from './ops/reduce.ts';
export { cast, equalMask, select } from './ops/select.ts';
export { broadcastTo, concat, pad, reshape, slice, transpose } from './ops/shape.ts';
export type { Operand } from './ops/source.ts';
export { constant } from './ops/source.ts';
export type { Applied } from './ops/table.ts';
export { topK } from './ops/top-k.ts';
export type { AdamSettings, AdamWSettings } from './optim/adamw.ts';
export { adamW, clipByGlobalNorm } from './optim/adamw.ts';
export { type MuonSettings, muon } from './optim/muon.ts';
export type { UpdateContext, UpdateResult } from './optim/optimizer.ts';
export { chain, type Optimizer } from './optim/optimizer.ts';
export { learningRateAt, type Schedule } from './optim/schedule.ts';
export type { Around } from './runtime/blocking.ts';
export { blocking, onBlocking } from './runtime/blocking.ts';
export { loadable } from './runtime/model.ts';
export type { Fetches, LoadOptions, ValueType } from './runtime/runtime.ts';
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
export type { StepSettings } from './runtime/trainer.ts';
export {
  type SavedTrainingState,
  Trainer,
  type TrainingDefinition,
  TrainingState,
  trainingGraph,
} from './runtime/trainer.ts';
