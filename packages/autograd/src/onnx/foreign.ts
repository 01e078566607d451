import { PbfReader } from 'pbf';

/** What a model that was made elsewhere says of itself, as far as it must be known before it is run. */
export interface ForeignModel {
  /** Files that hold tensors in its place, by the names that it gives them; empty for a model in one file. */
  readonly external: readonly string[];
  /** Domains of its operators that it does not define itself; '' is ONNX's own. */
  readonly domains: readonly string[];
}

/** Graphs inside graphs: as many messages as protobuf itself lets be nested. */
const DEEPEST = 100;
const LENGTH_DELIMITED = 2;

/** TensorProto.DataLocation.EXTERNAL */
const EXTERNAL = 1;

type Message = 'model' | 'training' | 'graph' | 'function' | 'node' | 'attribute' | 'tensor' | 'sparse' | 'entry';

/** Fields of onnx.proto that hold messages in which tensors or operators can be. */
const FIELDS: { readonly [M in Message]: Readonly<Record<number, Message>> } = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  function: { 7: 'node', 11: 'attribute' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: { 13: 'entry' },
  entry: {},
};

/** Field of the domain, in a node and in a function. */
const DOMAIN = { node: 7, function: 10 } as const;
/** Field of a tensor that says where its elements are. */
const LOCATION = 14;
/** Fields that are read as text. */
const TEXTS: { readonly [M in Message]?: readonly number[] } = {
  node: [DOMAIN.node],
  function: [DOMAIN.function],
  entry: [1, 2],
};

/**
 * Reads an ONNX file through, sub-graphs, functions, sparse tensors and tensors in attributes included.
 * @throws RangeError for bytes that are no ONNX model
 * @example
 * ```ts
 * import { attention, describeForeignModel, float32, toOnnx, trace } from '@neurodex/autograd';
 *
 * const graph = trace({ x: float32(2, 1, 4) }, ({ x }) => ({ y: attention(x, x, x, 1)[0] }));
 * const { external, domains } = describeForeignModel(toOnnx(graph));
 * console.log(external, [...domains].sort()); // → [] [ '', 'com.microsoft' ]
 * console.log(describeForeignModel(toOnnx(graph, { contrib: false })).domains); // → [ '' ]
 * ```
 */
export function describeForeignModel(bytes: Uint8Array): ForeignModel {
  const reading = new Reading(bytes);
  try {
    reading.message('model', bytes.length, 0);
  } catch (error) {
    throw new RangeError('its bytes are no ONNX model', { cause: error });
  }
  const { external, used, defined } = reading;
  if (used.size === 0) throw new RangeError('it holds no graph');
  return { external: [...external], domains: [...used].filter((domain) => !defined.has(domain)) };
}

/** Reads message after message, and remembers what matters. */
class Reading {
  readonly external = new Set<string>();
  readonly used = new Set<string>();
  readonly defined = new Set<string>();
  private readonly reader: PbfReader;

  constructor(bytes: Uint8Array) {
    this.reader = new PbfReader(bytes);
  }

  /** @param end of the message @returns of an entry, the name of a file */
  message(kind: Message, end: number, depth: number): string | undefined {
    const reader = this.reader;
    if (depth > DEEPEST) throw new RangeError('its graphs are nested too deeply');
    let elsewhere = false;
    let file: string | undefined;
    const texts = new Map<number, string>();
    while (reader.pos < end) {
      const tag = reader.readVarint();
      const [field, type] = [Math.floor(tag / 8), tag % 8];
      const inner = FIELDS[kind][field];
      if (inner !== undefined && type === LENGTH_DELIMITED) {
        const to = limitOf(reader, end);
        const named = this.message(inner, to, depth + 1);
        if (inner === 'entry') [elsewhere, file] = [true, named ?? file];
      } else if (TEXTS[kind]?.includes(field) && type === LENGTH_DELIMITED) {
        texts.set(field, textOf(reader, end));
      } else if (kind === 'tensor' && field === LOCATION && type === 0) {
        elsewhere = reader.readVarint() === EXTERNAL || elsewhere;
      } else {
        reader.skip(tag);
      }
      if (reader.pos > end) throw new RangeError('it is cut off');
    }
    if (kind === 'tensor' && elsewhere) this.external.add(file ?? 'a file without a name');
    if (kind === 'node') this.used.add(texts.get(DOMAIN.node) ?? '');
    if (kind === 'function') this.defined.add(texts.get(DOMAIN.function) ?? '');
    return kind === 'entry' && texts.get(1) === 'location' ? texts.get(2) : undefined;
  }
}

function limitOf(reader: PbfReader, end: number): number {
  const length = reader.readVarint();
  const to = reader.pos + length;
  if (to > end) throw new RangeError('it is cut off');
  return to;
}

function textOf(reader: PbfReader, end: number): string {
  const to = limitOf(reader, end);
  const text = new TextDecoder().decode(reader.buf.subarray(reader.pos, to));
  reader.pos = to;
  return text;
}
