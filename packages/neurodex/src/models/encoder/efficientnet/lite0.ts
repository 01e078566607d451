import { encodeModel } from '@neurodex/autograd';
import { readCheckpoint } from '../torch/checkpoint.ts';
import { LayerWriter } from './layer-writer.ts';
import { WeightReader } from './weight-reader.ts';

/** A group of inverted-residual blocks: the first has the stride and changes the number of channels. */
interface BlockGroup {
  readonly repeats: number;
  /** Edge of the depthwise kernel. */
  readonly kernel: number;
  readonly stride: number;
  /** Channels inside of a block, as a multiple of those that it takes. */
  readonly expansion: number;
  readonly channels: number;
}

/**
 * EfficientNet-Lite0: the blocks of EfficientNet-B0 (Tan and Le 2019, table 1) without squeeze-and-excitation and with ReLU6 in
 * place of swish (efficientnet_lite_builder.py of its owners; PyPI's efficientnet-lite-pytorch 0.1.0, `efficientnet_lite`).
 */
const STEM_CHANNELS = 32;
const GROUPS: readonly BlockGroup[] = [
  { repeats: 1, kernel: 3, stride: 1, expansion: 1, channels: 16 },
  { repeats: 2, kernel: 3, stride: 2, expansion: 6, channels: 24 },
  { repeats: 2, kernel: 5, stride: 2, expansion: 6, channels: 40 },
  { repeats: 3, kernel: 3, stride: 2, expansion: 6, channels: 80 },
  { repeats: 3, kernel: 5, stride: 1, expansion: 6, channels: 112 },
  { repeats: 4, kernel: 5, stride: 2, expansion: 6, channels: 192 },
  { repeats: 1, kernel: 3, stride: 1, expansion: 6, channels: 320 },
];
const HEAD_CHANNELS = 1280;

/**
 * How its pictures come: 224 × 224, and of each colour from 0 to 255 (value − 127) / 128, as its owners trained it
 * (MEAN_RGB, STDDEV_RGB). The means of ImageNet that the example in efficientnet-lite-pytorch subtracts are those of the networks
 * without `lite`; they cost accuracy here.
 */
export const LITE0 = {
  input: 'pictures',
  /** [B, 1280]: the mean of the last feature map, which the classifier would read. */
  pooled: 'pooled',
  /** [B, 49, 1280]: the 7 × 7 places of the last feature map. */
  features: 'features',
  size: 224,
  mean: [127 / 255, 127 / 255, 127 / 255],
  std: [128 / 255, 128 / 255, 128 / 255],
} as const;

/**
 * The network as ONNX, from the weights of a PyTorch checkpoint: float32 [B, 3, 224, 224] → `pooled` and `features`, without
 * the classifier. Batch normalisation is folded into the convolutions.
 * @param checkpoint the bytes of `efficientnet-lite0-….pth`
 * @param name of the file, for messages
 * @throws NeurodexError `encoder-unusable`
 */
export function efficientNetLite0(checkpoint: Uint8Array, name: string): Uint8Array {
  const weights = new WeightReader(readCheckpoint(checkpoint, name), name);
  const writer = new LayerWriter(weights, LITE0.size);
  let value = writer.convolution(LITE0.input, {
    weights: '_conv_stem',
    normalisation: '_bn0',
    shape: [STEM_CHANNELS, 3, 3, 3],
    stride: 2,
    activation: true,
  });
  let channels = STEM_CHANNELS;
  let block = 0;
  for (const group of GROUPS) {
    for (let repeat = 0; repeat < group.repeats; repeat++) {
      value = invertedResidual(writer, value, block++, channels, { ...group, stride: repeat === 0 ? group.stride : 1 });
      channels = group.channels;
    }
  }
  const last = writer.convolution(value, {
    weights: '_conv_head',
    normalisation: '_bn1',
    shape: [HEAD_CHANNELS, channels, 1, 1],
    stride: 1,
    activation: true,
  });
  return encodeModel(writer.model('efficientnet-lite0', last, LITE0, HEAD_CHANNELS));
}

/** Expansion, depthwise convolution, projection; added to its input where both have one shape. */
function invertedResidual(
  writer: LayerWriter,
  input: string,
  block: number,
  channels: number,
  { kernel, stride, expansion, channels: projected }: BlockGroup,
): string {
  const name = (part: string): string => `_blocks.${block}.${part}`;
  const inner = channels * expansion;
  let value = input;
  if (expansion !== 1) {
    value = writer.convolution(value, {
      weights: name('_expand_conv'),
      normalisation: name('_bn0'),
      shape: [inner, channels, 1, 1],
      stride: 1,
      activation: true,
    });
  }
  value = writer.convolution(value, {
    weights: name('_depthwise_conv'),
    normalisation: name('_bn1'),
    shape: [inner, 1, kernel, kernel],
    stride,
    activation: true,
  });
  value = writer.convolution(value, {
    weights: name('_project_conv'),
    normalisation: name('_bn2'),
    shape: [projected, inner, 1, 1],
    stride: 1,
    activation: false,
  });
  return stride === 1 && channels === projected ? writer.sum(value, input) : value;
}
