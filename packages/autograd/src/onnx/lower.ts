import type { AttributeValue, Emitter } from '../core/op.ts';
import { type DType, type HostArray, type Shape, showElements } from '../core/types.ts';
import { type Graph, typeOf } from '../graph/graph.ts';
import { readCounts, simplify } from '../graph/simplify.ts';
import { isApplied, opNamed } from '../ops/table.ts';
import { encodeModel, type OnnxModel, type OnnxNode, type OnnxTensor, type OnnxValue } from './protobuf.ts';

/** How a graph becomes an ONNX model. */
export interface LowerOptions {
  /** Of the graph in the file. */
  readonly name?: string;
  /** Use ONNX Runtime's fused operators (`com.microsoft`); false gives standard ONNX that any runtime reads. */
  readonly contrib?: boolean;
  /** What the file says of itself, by name. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A value whose shape has no symbols. */
export type FixedValue = OnnxValue & { readonly shape: Shape };

/** A model all of whose inputs and outputs have known shapes. */
export interface LoweredModel extends OnnxModel {
  /** What it takes. */
  readonly inputs: readonly FixedValue[];
  /** What it gives. */
  readonly outputs: readonly FixedValue[];
}

/**
 * A graph as an ONNX model: the nodes its outputs need, constants as initializers, everything of known shape.
 * `encodeModel` makes a file of it.
 * @example
 * ```ts
 * import { add, exp, float32, lowerGraph, trace } from '@neurodex/autograd';
 *
 * const graph = trace({ x: float32(2), unused: float32(9) }, ({ x }) => ({ y: add(exp(x), 1) }));
 * const { nodes, inputs } = lowerGraph(graph);
 * console.log(nodes.map(({ opType }) => opType), inputs.length); // → [ 'Exp', 'Add' ] 1
 * ```
 */
export function lowerGraph(graph: Graph, options: LowerOptions = {}): LoweredModel {
  const simple = simplify(graph);
  const counts = readCounts(simple);
  const names = new Map<number, string>();
  for (const { name, value } of [...simple.inputs, ...simple.noise]) names.set(value, name);
  const direct = new Map<number, string>();
  const aliases: [string, string][] = [];
  for (const { name, value } of simple.outputs) {
    const before = names.get(value) ?? direct.get(value);
    if (before === undefined) direct.set(value, name);
    else aliases.push([before, name]);
  }
  const nameOf = (value: number): string => names.get(value) ?? direct.get(value) ?? `${prefix}v${value}`;
  const prefix = internalPrefix([...simple.inputs, ...simple.noise, ...simple.outputs].map(({ name }) => name));
  const emitter = new ModelEmitter(options.contrib ?? true, prefix);
  for (const node of simple.nodes) {
    if (node.op === 'input') continue;
    if (isApplied(node, 'constant')) {
      const { dtype, shape, data } = node.attributes;
      const [value = -1] = node.outputs;
      const shared = emitter.constant(dtype, shape, data);
      if (direct.has(value)) aliases.push([shared, nameOf(value)]);
      else names.set(value, shared);
      continue;
    }
    opNamed(node.op).lower(emitter, {
      attributes: node.attributes,
      inputs: node.inputs.map(nameOf),
      inputTypes: node.inputs.map((value) => typeOf(graph, value)),
      outputs: node.outputs.map(nameOf),
      outputTypes: node.outputs.map((value) => typeOf(graph, value)),
      used: (output) => (counts.get(node.outputs[output] ?? -1) ?? 0) > 0,
    });
  }
  for (const [from, to] of aliases) emitter.node('Identity', [from], [to]);
  const nodes = mergeReshapes(emitter.nodes, new Set(simple.outputs.map(({ name }) => name)));
  const read = new Set(nodes.flatMap((n) => n.inputs));
  const value = ({ name, value: id }: { name: string; value: number }) => ({ name, ...typeOf(graph, id) });
  return {
    name: options.name ?? 'graph',
    nodes,
    initializers: emitter.initializers.filter((t) => read.has(t.name)),
    inputs: [...simple.inputs, ...simple.noise].filter(({ name }) => read.has(name)).map(value),
    outputs: simple.outputs.map(value),
    metadata: options.metadata ?? {},
  };
}

/**
 * A graph as an ONNX file.
 * @example
 * ```ts
 * import { float32, neg, toOnnx, trace } from '@neurodex/autograd';
 *
 * const file = toOnnx(trace({ x: float32(2) }, ({ x }) => ({ y: neg(x) })));
 * console.log(file instanceof Uint8Array); // → true
 * ```
 */
export const toOnnx = (graph: Graph, options: LowerOptions = {}): Uint8Array => encodeModel(lowerGraph(graph, options));

/** A Reshape of a Reshape is one; the first goes where nobody else reads it. */
function mergeReshapes(nodes: readonly OnnxNode[], outputs: ReadonlySet<string>): OnnxNode[] {
  const before = new Map<string, string>();
  const merged = nodes.map((node) => {
    if (node.opType !== 'Reshape') return node;
    const [input = '', shape = ''] = node.inputs;
    const source = before.get(input) ?? input;
    for (const output of node.outputs) before.set(output, source);
    return source === input ? node : { ...node, inputs: [source, shape] };
  });
  const read = new Set(merged.flatMap(({ inputs }) => inputs));
  return merged.filter((node) => node.opType !== 'Reshape' || node.outputs.some((o) => read.has(o) || outputs.has(o)));
}

/** What keeps names like v0, c0 and t0 apart from inputs and outputs that are called so. */
function internalPrefix(names: readonly string[]): string {
  let prefix = '';
  while (names.some((name) => name.startsWith(prefix) && /^[vct]\d+$/.test(name.slice(prefix.length)))) prefix += '_';
  return prefix;
}

class ModelEmitter implements Emitter {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  readonly contrib: boolean;
  private readonly prefix: string;
  private readonly constants = new Map<string, string>();
  private temporaries = 0;

  constructor(contrib: boolean, prefix: string) {
    this.contrib = contrib;
    this.prefix = prefix;
  }

  node(
    opType: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain = '',
  ): void {
    this.nodes.push({ opType, inputs, outputs, attributes, domain });
  }

  temporary(): string {
    return `${this.prefix}t${this.temporaries++}`;
  }

  constant(dtype: DType, shape: Shape, data: HostArray): string {
    const key = data.length > 16 ? undefined : `${dtype} [${shape}] ${showElements(data)}`;
    const before = key === undefined ? undefined : this.constants.get(key);
    if (before !== undefined) return before;
    const name = `${this.prefix}c${this.initializers.length}`;
    this.initializers.push({ name, dtype, shape, data });
    if (key !== undefined) this.constants.set(key, name);
    return name;
  }
}
