import { GraphError } from '../core/errors.ts';
import { Tensor, type TraceScope } from '../core/tensor.ts';
import { type DType, type Shape, showElements, type TensorType } from '../core/types.ts';
import { type Applied, isApplied, opNamed } from '../ops/table.ts';
import type { Graph, GraphNode, NamedValue } from './graph.ts';

/**
 * Collects nodes while a function runs: the second argument of the function that `trace` calls. The same operation on the
 * same operands is one node (hash-consing).
 * @example
 * ```ts
 * import { add, constant, exp, float32, type GraphBuilder, type Tensor, trace } from '@neurodex/autograd';
 *
 * const offsets = (scope: GraphBuilder): Tensor => constant(scope, 'float32', [2], Float32Array.of(0, 10));
 * const graph = trace({ x: float32(2) }, ({ x }, scope) => ({ y: add(exp(x), offsets(scope)), z: exp(x) }));
 * console.log(graph.nodes.map(({ op }) => op).join(' ')); // → input exp constant add
 * ```
 */
export class GraphBuilder implements TraceScope {
  private readonly nodes: GraphNode[] = [];
  private readonly types: TensorType[] = [];
  private readonly tensors: Tensor[] = [];
  private readonly known = new Map<string, readonly Tensor[]>();
  private readonly inputs: NamedValue[] = [];
  private readonly noises: NamedValue[] = [];

  /** What an operation makes of tensors; the same operation of the same tensors is one node. */
  apply(op: string, inputs: readonly Tensor[], attributes: object): readonly Tensor[] {
    if (inputs.some((t) => t.scope !== this)) throw new GraphError(`${op} mixes tensors of two graphs`);
    const key = keyOf({ op, attributes }, inputs);
    const before = key === undefined ? undefined : this.known.get(key);
    if (before !== undefined) return before;
    const outputs = opNamed(op)
      .infer(inputs, attributes)
      .map((type) => this.value(type));
    this.nodes.push({ op, inputs: inputs.map((t) => t.id), outputs: outputs.map((t) => t.id), attributes });
    if (key !== undefined) this.known.set(key, outputs);
    return outputs;
  }

  /** An input of the graph. */
  input(name: string, dtype: DType, shape: Shape): Tensor {
    if ([...this.inputs, ...this.noises].some((i) => i.name === name))
      throw new GraphError(`two inputs are called ${name}`);
    const [tensor] = this.apply('input', [], { name, dtype, shape });
    if (tensor === undefined) throw new GraphError('an input has one output');
    this.inputs.push({ name, value: tensor.id });
    return tensor;
  }

  /** Bytes that are drawn anew for each run. */
  noise(shape: Shape): Tensor {
    const name = `noise${this.noises.length}`;
    const tensor = this.input(name, 'uint8', shape);
    this.inputs.pop();
    this.noises.push({ name, value: tensor.id });
    return tensor;
  }

  /** The nodes so far, for `backward`. */
  get trail(): readonly GraphNode[] {
    return this.nodes;
  }

  /** The tensor of a value. */
  tensor(value: number): Tensor {
    const tensor = this.tensors[value];
    if (tensor === undefined) throw new GraphError(`no value ${value}`);
    return tensor;
  }

  /** The graph of what was done, with these results. */
  finish(outputs: Readonly<Record<string, Tensor>>): Graph {
    const named = Object.entries(outputs).map(([name, t]) => ({ name, value: t.id }));
    return { nodes: this.nodes, types: this.types, inputs: this.inputs, noise: this.noises, outputs: named };
  }

  private value(type: TensorType): Tensor {
    const tensor = new Tensor(this, this.types.length, type);
    this.types.push({ dtype: type.dtype, shape: type.shape });
    this.tensors.push(tensor);
    return tensor;
  }
}

/** Equal keys mean equal results. Inputs differ by name; a large constant is not worth the comparison. */
function keyOf(applied: Applied, inputs: readonly Tensor[]): string | undefined {
  if (isApplied(applied, 'constant')) {
    const { dtype, shape, data } = applied.attributes;
    return data.length > 16 ? undefined : `constant ${dtype} [${shape}] ${showElements(data)}`;
  }
  return `${applied.op} ${inputs.map((t) => t.id)} ${JSON.stringify(applied.attributes)}`;
}
