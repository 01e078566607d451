import { PbfReader } from 'pbf';

/** A field of a message: its bytes with the tag, and of a nested message where its contents lie. */
export interface Field {
  readonly number: number;
  /** Where the field begins, its tag included. */
  readonly start: number;
  /** Where the contents of a nested message, or of a text, begin. */
  readonly inner: number;
  readonly end: number;
  /** Whether its contents have a length of their own. */
  readonly nested: boolean;
}

const LENGTH_DELIMITED = 2;
/** Graphs inside graphs: as many messages as protobuf itself lets be nested. */
const DEEPEST = 100;

/** Fields of onnx.proto that are read here. */
const NODE = { input: 1, output: 2, attribute: 5 } as const;
const ATTRIBUTE_GRAPHS: readonly number[] = [6, 11];
export const GRAPH = { node: 1, initializer: 5, input: 11, output: 12, value: 13, sparse: 15 } as const;
const TENSOR_NAME = 8;
const SPARSE_VALUES = 1;
const VALUE = { name: 1, type: 2 } as const;

/** The fields of a message. @throws RangeError where it is cut off or no message */
export const fieldsOf = (bytes: Uint8Array, from: number, to: number): Field[] =>
  reading(() => readFields(bytes, from, to));

function readFields(bytes: Uint8Array, from: number, to: number): Field[] {
  const reader = new PbfReader(bytes);
  reader.pos = from;
  const fields: Field[] = [];
  while (reader.pos < to) {
    const start = reader.pos;
    const tag = reader.readVarint();
    const number = Math.floor(tag / 8);
    const nested = tag % 8 === LENGTH_DELIMITED;
    let inner = reader.pos;
    if (nested) {
      const length = reader.readVarint();
      inner = reader.pos;
      reader.pos += length;
    } else reader.skip(tag);
    if (reader.pos > to || number === 0) throw new RangeError('it is cut off');
    fields.push({ number, start, inner, end: reader.pos, nested });
  }
  return fields;
}

/** Reads with the names of what is wrong with the bytes: pbf has errors of several kinds. @throws RangeError */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new RangeError('it is cut off, or damaged', { cause: error });
  }
}

const textOf = (bytes: Uint8Array, { inner, end }: Field): string =>
  new TextDecoder().decode(bytes.subarray(inner, end));

const textsOf = (bytes: Uint8Array, fields: readonly Field[], number: number): string[] =>
  fields.filter((field) => field.number === number && field.nested).map((field) => textOf(bytes, field));

/** The name of a tensor, of a sparse one, or of a value. */
export function nameOf(bytes: Uint8Array, field: Field, kind: number): string {
  const fields = fieldsOf(bytes, field.inner, field.end);
  if (kind === GRAPH.initializer) return textsOf(bytes, fields, TENSOR_NAME)[0] ?? '';
  if (kind !== GRAPH.sparse) return textsOf(bytes, fields, VALUE.name)[0] ?? '';
  const values = fields.find(({ number, nested }) => number === SPARSE_VALUES && nested);
  return values === undefined ? '' : nameOf(bytes, values, GRAPH.initializer);
}

/** What a node takes and makes; what graphs inside of it take from outside counts, too. */
export function linksOf(bytes: Uint8Array, node: Field, depth = 0): { inputs: string[]; outputs: string[] } {
  if (depth > DEEPEST) throw new RangeError('its graphs are nested too deeply');
  const fields = fieldsOf(bytes, node.inner, node.end);
  const inputs = textsOf(bytes, fields, NODE.input);
  for (const attribute of fields.filter(({ number, nested }) => number === NODE.attribute && nested)) {
    for (const graph of fieldsOf(bytes, attribute.inner, attribute.end)) {
      if (!ATTRIBUTE_GRAPHS.includes(graph.number) || !graph.nested) continue;
      for (const field of fieldsOf(bytes, graph.inner, graph.end)) {
        if (field.number === GRAPH.node) inputs.push(...linksOf(bytes, field, depth + 1).inputs);
        else if (field.number === GRAPH.output) inputs.push(nameOf(bytes, field, GRAPH.output));
      }
    }
  }
  return { inputs, outputs: textsOf(bytes, fields, NODE.output) };
}

/** The dimensions of a value of a tensor's type; undefined where the file leaves one open, or is silent. */
export function shapeOf(bytes: Uint8Array, value: Field): (number | undefined)[] {
  const within = (field: Field | undefined, number: number): Field | undefined =>
    field && fieldsOf(bytes, field.inner, field.end).find((each) => each.number === number && each.nested);
  const shape = within(within(within(value, VALUE.type), 1), 2);
  if (shape === undefined) return [];
  return fieldsOf(bytes, shape.inner, shape.end)
    .filter(({ number }) => number === 1)
    .map((dimension) => {
      const size = fieldsOf(bytes, dimension.inner, dimension.end).find(
        ({ number, nested }) => number === 1 && !nested,
      );
      if (size === undefined) return undefined;
      const reader = new PbfReader(bytes);
      reader.pos = size.inner;
      return reading(() => reader.readVarint());
    });
}
