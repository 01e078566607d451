import { ONNX_TYPE } from '../ops/select.ts';
import type { Stored } from './precision.ts';
import type { OnnxModel, OnnxNode, OnnxTensor } from './protobuf.ts';

const FLOAT = ONNX_TYPE.float32;

/** The weights of a model: the array that a constant was made with → its name, and how it is to be stored. */
export type Weights = ReadonlyMap<OnnxTensor['data'], { readonly name: string; readonly stored: Stored }>;

/**
 * Names the initializers that hold weights, and stores them smaller: float16 behind a Cast, int8 behind a Cast and a Mul
 * with one scale for each column. A runtime computes these once, when it loads the model, and all arithmetic after is
 * float32. DequantizeLinear would say the same, but ONNX Runtime reads it as leave to round the activations to int8 too
 * (1 % off in one layer), and then the model would not be the one that was measured.
 * @example
 * ```ts
 * import { constant, encodeModel, float32, lowerGraph, mul, stored, storeWeights, trace } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const weight = Float32Array.of(254, 10);
 * const model = lowerGraph(
 *   trace({ x: float32(1, 2) }, ({ x }, scope) => ({ y: mul(x, constant(scope, 'float32', [1, 2], weight)) })),
 * );
 * const small = storeWeights(model, new Map([[weight, { name: 'weight', stored: stored(weight, [1, 2], 'int8') }]]));
 * console.log(small.initializers.map(({ name, dtype }) => `${name} ${dtype}`).join(', ')); // → weight.int8 int8, weight.scales float32
 * const opened = await nodeRuntime().open(encodeModel(small));
 * const { data } = await opened.run({ x: { shape: [1, 2], data: Float32Array.of(1, 1) } }, 'y');
 * console.log(data.map(Math.round)); // → Float32Array(2) [ 254, 10 ]
 * ```
 */
export function storeWeights(model: OnnxModel, weights: Weights): OnnxModel {
  const initializers: OnnxTensor[] = [];
  const opening: OnnxNode[] = [];
  const renamed = new Map<string, string>();
  for (const tensor of model.initializers) {
    const known = weights.get(tensor.data);
    if (known === undefined) {
      initializers.push(tensor);
      continue;
    }
    const { name, stored } = known;
    renamed.set(tensor.name, name);
    const kept = { name: `${name}.${stored.precision}`, shape: tensor.shape, data: stored.data };
    const node = (opType: string, inputs: readonly string[], output: string, attributes: OnnxNode['attributes'] = {}) =>
      opening.push({ opType, domain: '', inputs, outputs: [output], attributes });
    switch (stored.precision) {
      case 'float32':
        initializers.push({ ...tensor, name });
        break;
      case 'float16':
        initializers.push({ ...kept, dtype: 'float16' });
        node('Cast', [kept.name], name, { to: FLOAT });
        break;
      case 'int8': {
        const [scales, steps] = [`${name}.scales`, `${name}.steps`];
        initializers.push(
          { ...kept, dtype: 'int8' },
          { name: scales, dtype: 'float32', shape: [stored.scales.length], data: stored.scales },
        );
        node('Cast', [kept.name], steps, { to: FLOAT });
        node('Mul', [steps, scales], name);
      }
    }
  }
  const nodes = model.nodes.map((node) => ({ ...node, inputs: node.inputs.map((name) => renamed.get(name) ?? name) }));
  return { ...model, initializers, nodes: [...opening, ...nodes] };
}
