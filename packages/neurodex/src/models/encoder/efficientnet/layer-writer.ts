import type { OnnxModel } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import type { KernelShape, WeightReader } from './weight-reader.ts';

export interface ConvolutionLayer {
  /** Name in the checkpoint, as is `normalisation`. */
  readonly weights: string;
  readonly normalisation: string;
  /** One input channel where the convolution is depthwise. */
  readonly shape: KernelShape;
  readonly stride: number;
  /** ReLU6 behind it. */
  readonly activation: boolean;
}

/** What inputs and outputs are called, and the edge of the pictures. */
interface Interface {
  readonly input: string;
  readonly pooled: string;
  readonly features: string;
  readonly size: number;
}

/** Name of the dimension that differs from run to run. */
const BATCH = 'batch';

type Node = OnnxModel['nodes'][number];
type Initializer = OnnxModel['initializers'][number];

/** Writes a network of convolutions as the nodes of an ONNX model, and follows the size of its feature maps. */
export class LayerWriter {
  private readonly weights: WeightReader;
  private readonly nodes: Node[] = [];
  private readonly initializers: Initializer[] = [];
  /** Edge of the feature map that comes out, by the name of the value. */
  private readonly edges = new Map<string, number>();
  private readonly inputEdge: number;

  constructor(weights: WeightReader, inputEdge: number) {
    this.weights = weights;
    this.inputEdge = inputEdge;
    this.initializers.push(
      { name: 'zero', dtype: 'float32', shape: [], data: Float32Array.of(0) },
      { name: 'six', dtype: 'float32', shape: [], data: Float32Array.of(6) },
    );
  }

  /** @returns the name of what comes out */
  convolution(input: string, layer: ConvolutionLayer): string {
    const { weights, normalisation, shape, stride } = layer;
    const [channels, inner, kernelEdge] = shape;
    const { kernel, bias } = this.weights.folded(weights, normalisation, shape);
    this.initializers.push(
      { name: `${weights}.kernel`, dtype: 'float32', shape, data: kernel },
      { name: `${weights}.bias`, dtype: 'float32', shape: [channels], data: bias },
    );
    const edge = this.edges.get(input) ?? this.inputEdge;
    const output = `${weights}.output`;
    const isDepthwise = inner === 1 && channels > 1;
    this.node('Conv', [input, `${weights}.kernel`, `${weights}.bias`], output, {
      kernel_shape: [kernelEdge, kernelEdge],
      strides: [stride, stride],
      pads: samePadding(edge, kernelEdge, stride),
      group: isDepthwise ? channels : 1,
    });
    const result = layer.activation ? `${weights}.activated` : output;
    if (layer.activation) this.node('Clip', [output, 'zero', 'six'], result);
    this.edges.set(result, Math.ceil(edge / stride));
    return result;
  }

  sum(a: string, b: string): string {
    const output = `${a}+`;
    this.node('Add', [a, b], output);
    this.edges.set(output, defined(this.edges.get(a), a));
    return output;
  }

  /** A model of what was written, whose outputs are the mean of a feature map over its places, and the map as tokens. */
  model(name: string, map: string, { input, pooled, features, size }: Interface, channels: number): OnnxModel {
    const places = defined(this.edges.get(map), map) ** 2;
    this.node('GlobalAveragePool', [map], 'mean');
    this.node('Flatten', ['mean'], pooled, { axis: 1 });
    this.node('Transpose', [map], 'channels-last', { perm: [0, 2, 3, 1] });
    // 0 stands for the dimension of the input.
    const shape = BigInt64Array.of(0n, BigInt(places), BigInt(channels));
    this.initializers.push({ name: 'tokens-shape', dtype: 'int64', shape: [3], data: shape });
    this.node('Reshape', ['channels-last', 'tokens-shape'], features);
    return {
      name,
      nodes: this.nodes,
      initializers: this.initializers,
      inputs: [{ name: input, dtype: 'float32', shape: [BATCH, 3, size, size] }],
      outputs: [
        { name: pooled, dtype: 'float32', shape: [BATCH, channels] },
        { name: features, dtype: 'float32', shape: [BATCH, places, channels] },
      ],
      metadata: {},
    };
  }

  private node(opType: string, inputs: readonly string[], output: string, attributes: Node['attributes'] = {}): void {
    this.nodes.push({ opType, inputs, outputs: [output], attributes, domain: '' });
  }
}

/**
 * Zeros around a feature map, as TensorFlow's SAME has them: so many that ⌈edge / stride⌉ places come out, the odd one at the
 * right and the bottom.
 * @returns top, left, bottom, right
 */
function samePadding(edge: number, kernel: number, stride: number): number[] {
  const all = Math.max(0, (Math.ceil(edge / stride) - 1) * stride + kernel - edge);
  const before = Math.floor(all / 2);
  return [before, before, all - before, all - before];
}
