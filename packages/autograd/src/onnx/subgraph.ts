import { type Field, fieldsOf, GRAPH, linksOf, nameOf, shapeOf } from './graph-parts.ts';

/** An input or output of a graph, as its file declares it. */
export interface GraphValue {
  /** Of the value. */
  readonly name: string;
  /** Undefined where the file leaves a dimension open; empty where it says nothing of the shape. */
  readonly shape: readonly (number | undefined)[];
}

/** What an ONNX graph takes and gives. */
export interface GraphInterface {
  /** Inputs that have no value in the file. */
  readonly inputs: readonly GraphValue[];
  /** What it gives. */
  readonly outputs: readonly GraphValue[];
}

/** Field of the graph in a model. */
const MODEL_GRAPH = 7;

/**
 * What a graph takes and gives.
 * @throws RangeError for bytes that are no ONNX model
 * @example
 * ```ts
 * import { float32, graphInterface, sum, toOnnx, trace } from '@neurodex/autograd';
 *
 * const file = toOnnx(trace({ x: float32(2, 3) }, ({ x }) => ({ y: sum(x, -1) })));
 * const { inputs, outputs } = graphInterface(file);
 * console.log(inputs, outputs); // → [ { name: 'x', shape: [ 2, 3 ] } ] [ { name: 'y', shape: [ 2 ] } ]
 * ```
 */
export function graphInterface(onnx: Uint8Array): GraphInterface {
  const { fields } = graphOf(onnx);
  const given = new Set(
    [...named(onnx, fields, GRAPH.initializer), ...named(onnx, fields, GRAPH.sparse)].map(([n]) => n),
  );
  const values = (kind: number): GraphValue[] =>
    named(onnx, fields, kind).map(([name, field]) => ({ name, shape: shapeOf(onnx, field) }));
  return { inputs: values(GRAPH.input).filter(({ name }) => !given.has(name)), outputs: values(GRAPH.output) };
}

/**
 * The part of a model that computes some of its outputs: its nodes, weights and inputs, byte for byte as they are in the file, and
 * nothing else. What the model says beside its graph (opset, functions, metadata) stays.
 * @throws RangeError for bytes that are no ONNX model, or an output that it does not have
 * @example
 * ```ts
 * import { exp, extractSubgraph, float32, graphInterface, neg, toOnnx, trace } from '@neurodex/autograd';
 *
 * const types = { picture: float32(4), words: float32(3) };
 * const both = toOnnx(trace(types, ({ picture, words }) => ({ seen: neg(picture), read: exp(words) })));
 * const { inputs, outputs } = graphInterface(extractSubgraph(both, ['read']));
 * console.log(inputs, outputs); // → [ { name: 'words', shape: [ 3 ] } ] [ { name: 'read', shape: [ 3 ] } ]
 * ```
 */
export function extractSubgraph(onnx: Uint8Array, outputs: readonly string[]): Uint8Array {
  const { model, graph, fields } = graphOf(onnx);
  const declared = new Set(named(onnx, fields, GRAPH.output).map(([name]) => name));
  const missing = outputs.find((name) => !declared.has(name));
  if (missing !== undefined) throw new RangeError(`it has no output ${missing}`);
  const needed = neededFor(onnx, fields, outputs);
  const kept = fields.filter((field) => {
    if (field.number === GRAPH.node) return needed.nodes.has(field);
    if (field.number === GRAPH.output) return outputs.includes(nameOf(onnx, field, GRAPH.output));
    const kinds: readonly number[] = [GRAPH.initializer, GRAPH.sparse, GRAPH.input, GRAPH.value];
    return !kinds.includes(field.number) || needed.names.has(nameOf(onnx, field, field.number));
  });
  const slice = ({ start, end }: Field): Uint8Array => onnx.subarray(start, end);
  const body = kept.map(slice);
  const tag = Uint8Array.of((MODEL_GRAPH << 3) | 2, ...varint(body.reduce((sum, { length }) => sum + length, 0)));
  const parts = model.flatMap((field) => (field === graph ? [tag, ...body] : [slice(field)]));
  return joined(parts);
}

/** The model's fields, and those of its graph. */
function graphOf(onnx: Uint8Array): { model: Field[]; graph: Field; fields: Field[] } {
  try {
    const model = fieldsOf(onnx, 0, onnx.length);
    const graphs = model.filter(({ number, nested }) => number === MODEL_GRAPH && nested);
    const [graph] = graphs;
    // protobuf would merge several; no exporter writes more than one.
    if (graph === undefined || graphs.length > 1) throw new RangeError('it does not hold one graph');
    return { model, graph, fields: fieldsOf(onnx, graph.inner, graph.end) };
  } catch (error) {
    throw new RangeError('its bytes are no ONNX model', { cause: error });
  }
}

const named = (onnx: Uint8Array, fields: readonly Field[], kind: number): [name: string, field: Field][] =>
  fields.filter(({ number, nested }) => number === kind && nested).map((field) => [nameOf(onnx, field, kind), field]);

/** Walks back from the outputs: nodes stand behind those that they depend on. */
function neededFor(onnx: Uint8Array, fields: readonly Field[], outputs: readonly string[]) {
  const names = new Set(outputs);
  const nodes = new Set<Field>();
  for (const field of fields.filter(({ number, nested }) => number === GRAPH.node && nested).reverse()) {
    const links = linksOf(onnx, field);
    if (!links.outputs.some((name) => name !== '' && names.has(name))) continue;
    nodes.add(field);
    for (const name of [...links.inputs, ...links.outputs]) names.add(name);
  }
  return { names, nodes };
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
