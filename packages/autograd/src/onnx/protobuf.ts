import { PbfWriter as Pbf } from 'pbf';
import type { AttributeValue } from '../core/op.ts';
import type { DType, HostArray, Shape } from '../core/types.ts';
import { ONNX_TYPE } from '../ops/select.ts';

/** Field numbers are those of onnx.proto3 (ONNX IR version 9). */
export interface OnnxNode {
  /** The operator. */
  readonly opType: string;
  /** Of the operator; empty for standard ONNX. */
  readonly domain: string;
  /** Names of the values that it takes. */
  readonly inputs: readonly string[];
  /** Names of the values that it gives. */
  readonly outputs: readonly string[];
  /** By name. */
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}
/** Element types that weights may be stored in besides those that the engine computes with. */
export type StoredType = 'float16' | 'int8';

/** A constant of an ONNX model. */
export interface OnnxTensor {
  /** By which nodes take it. */
  readonly name: string;
  /** Of its elements. */
  readonly dtype: DType | StoredType;
  /** Its dimensions. */
  readonly shape: Shape;
  /** float16 as its bits. */
  readonly data: HostArray | Uint16Array | Int8Array;
}

/** An input or output of an ONNX model. */
export interface OnnxValue {
  /** By which it is fed or fetched. */
  readonly name: string;
  /** Of its elements. */
  readonly dtype: DType;
  /** A dimension is a number, or the name of one that differs from run to run. */
  readonly shape: readonly (number | string)[];
}

/** An ONNX model as plain data. */
export interface OnnxModel {
  /** Of its graph. */
  readonly name: string;
  /** In an order in which they can be computed. */
  readonly nodes: readonly OnnxNode[];
  /** Constants, by the names of values. */
  readonly initializers: readonly OnnxTensor[];
  /** What it takes. */
  readonly inputs: readonly OnnxValue[];
  /** What it gives. */
  readonly outputs: readonly OnnxValue[];
  /** What it says of itself, by name. */
  readonly metadata: Readonly<Record<string, string>>;
}

const STORED_TYPE: Readonly<Record<StoredType, number>> = { int8: 3, float16: 10 };
const IR_VERSION = 9;
export const OPSET = 20;

/**
 * The bytes of an ONNX file (IR version 9, opset 20).
 * @example
 * ```ts
 * import { encodeModel, float32, graphInterface, lowerGraph, neg, trace } from '@neurodex/autograd';
 *
 * const model = lowerGraph(trace({ x: float32(2) }, ({ x }) => ({ y: neg(x) })));
 * const file = encodeModel({ ...model, metadata: { author: 'me' } });
 * console.log(graphInterface(file).inputs); // → [ { name: 'x', shape: [ 2 ] } ]
 * ```
 */
export function encodeModel(model: OnnxModel): Uint8Array {
  const pbf = new Pbf();
  pbf.writeVarintField(1, IR_VERSION);
  pbf.writeStringField(2, 'neurodex-autograd');
  pbf.writeMessage(7, writeGraph, model);
  const domains = new Set(['', ...model.nodes.map((n) => n.domain)]);
  for (const domain of domains) pbf.writeMessage(8, writeOpset, domain);
  for (const entry of Object.entries(model.metadata)) pbf.writeMessage(14, writeEntry, entry);
  return pbf.finish();
}

function writeEntry([key, value]: [string, string], pbf: Pbf): void {
  pbf.writeStringField(1, key);
  pbf.writeStringField(2, value);
}

function writeOpset(domain: string, pbf: Pbf): void {
  if (domain !== '') pbf.writeStringField(1, domain);
  pbf.writeVarintField(2, domain === '' ? OPSET : 1);
}

function writeGraph(model: OnnxModel, pbf: Pbf): void {
  for (const node of model.nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, model.name);
  for (const tensor of model.initializers) pbf.writeMessage(5, writeTensor, tensor);
  for (const value of model.inputs) pbf.writeMessage(11, writeValue, value);
  for (const value of model.outputs) pbf.writeMessage(12, writeValue, value);
}

function writeNode(node: OnnxNode, pbf: Pbf): void {
  for (const name of node.inputs) pbf.writeStringField(1, name);
  for (const name of node.outputs) pbf.writeStringField(2, name);
  pbf.writeStringField(4, node.opType);
  for (const entry of Object.entries(node.attributes)) pbf.writeMessage(5, writeAttribute, entry);
  if (node.domain !== '') pbf.writeStringField(7, node.domain);
}

function writeAttribute([name, value]: [string, AttributeValue], pbf: Pbf): void {
  pbf.writeStringField(1, name);
  if (typeof value === 'number') {
    pbf.writeVarintField(3, value);
    pbf.writeVarintField(20, 2);
  } else if (typeof value === 'string') {
    pbf.writeBytesField(4, new TextEncoder().encode(value));
    pbf.writeVarintField(20, 3);
  } else if ('float' in value) {
    pbf.writeFloatField(2, value.float);
    pbf.writeVarintField(20, 1);
  } else if ('floats' in value) {
    for (const x of value.floats) pbf.writeFloatField(7, x);
    pbf.writeVarintField(20, 6);
  } else {
    for (const x of value) pbf.writeVarintField(8, x);
    pbf.writeVarintField(20, 7);
  }
}

function writeTensor(tensor: OnnxTensor, pbf: Pbf): void {
  for (const d of tensor.shape) pbf.writeVarintField(1, d);
  pbf.writeVarintField(2, { ...ONNX_TYPE, ...STORED_TYPE }[tensor.dtype]);
  pbf.writeStringField(8, tensor.name);
  pbf.writeBytesField(9, new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength));
}

function writeValue(value: OnnxValue, pbf: Pbf): void {
  pbf.writeStringField(1, value.name);
  pbf.writeMessage(2, (v: OnnxValue, type: Pbf) => type.writeMessage(1, writeTensorType, v), value);
}

function writeTensorType(value: OnnxValue, pbf: Pbf): void {
  pbf.writeVarintField(1, ONNX_TYPE[value.dtype]);
  pbf.writeMessage(2, writeShape, value.shape);
}

function writeShape(shape: OnnxValue['shape'], pbf: Pbf): void {
  for (const d of shape) pbf.writeMessage(1, writeDimension, d);
}

function writeDimension(size: number | string, pbf: Pbf): void {
  if (typeof size === 'string') pbf.writeStringField(2, size);
  else pbf.writeVarintField(1, size);
}
