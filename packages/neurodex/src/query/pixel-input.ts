import {
  add,
  cast,
  concat,
  gelu,
  gemm,
  glorot,
  layer,
  linear,
  mul,
  type NamedTensors,
  type ParameterSpecs,
  pad,
  reshape,
  slice,
  sub,
  sum,
  type Tensor,
  transpose,
  uint8,
  zeros,
} from '@neurodex/autograd';
import { pictureBytes } from '@neurodex/datasets/picture';
import type { InputGeometry, PictureInput } from './model-input.ts';

const CHANNELS = 3;
/** Of a 3×3 window. */
const NEIGHBOURS = 9;
/** Residual 3×3 convolutions behind the overlapping windows. */
const STEM_BLOCKS = { windows: 0, convolutional: 1 } as const;
/** Pixels enter the network as (value/255 − MEAN)/DEVIATION, which is −1 … 1. */
const MEAN = 0.5;
const DEVIATION = 0.5;

/** Windows along the edge of a patch of networks that do not say how many. */
const USUAL_WINDOWS = 2;

/** The first stage of a stem of windows moves by a share of a patch and keeps half the width. */
function stages({ patchSize, width, windows = USUAL_WINDOWS }: InputGeometry) {
  const stride = patchSize / windows;
  return { windows, stride, pixels: CHANNELS * (2 * stride) ** 2, channels: width / 2 };
}

function stemParameters(geometry: InputGeometry): ParameterSpecs {
  const { patchSize, width, stem } = geometry;
  if (stem === 'linear') {
    return { 'patch.weight': glorot(CHANNELS * patchSize ** 2, width), 'patch.bias': zeros(width) };
  }
  const { windows, pixels, channels } = stages(geometry);
  return {
    'stem.weight': glorot(pixels, channels),
    'stem.bias': zeros(channels),
    ...Object.fromEntries(
      Array.from({ length: STEM_BLOCKS[stem] }, (_, i) => [
        [`stem.block${i}.weight`, glorot(NEIGHBOURS * channels, channels)],
        [`stem.block${i}.bias`, zeros(channels)],
      ]).flat(),
    ),
    'patch.weight': glorot(windows ** 2 * channels, width),
    'patch.bias': zeros(width),
  };
}

/** Pictures, uint8 [B,Y,X,3] → embedded patches, sequence first: [P,B,D]. */
function embedPatches(parameters: NamedTensors, pictures: Tensor, geometry: InputGeometry): Tensor {
  const batch = pictures.size(0);
  const { patchSize, width, sequenceLength: patches } = geometry;
  if (geometry.stem === 'linear') {
    const rows = reshape(tiles(pictures, patchSize), [-1, CHANNELS * patchSize ** 2]);
    return reshape(fromBytes(rows, layer(parameters, 'patch'), [patchSize]), [patches, batch, width]);
  }
  const { windows, stride, pixels, channels } = stages(geometry);
  const overlapping = overlappingWindows(pictures, stride);
  const side = overlapping.size(0);
  const rows = reshape(overlapping, [-1, pixels]);
  // A window is four tiles; its vector runs tile by tile, and within a tile as the linear stem's patches do.
  const first = gelu(fromBytes(rows, layer(parameters, 'stem'), [4, stride]));
  let x = reshape(first, [side, side, batch, channels]);
  for (let i = 0; i < STEM_BLOCKS[geometry.stem]; i++) {
    x = add(x, gelu(linear(neighbourhoods(x), layer(parameters, `stem.block${i}`))));
  }
  const grid = reshape(x, [side / windows, windows, side / windows, windows, batch, channels]);
  const grouped = reshape(transpose(grid, [0, 2, 4, 1, 3, 5]), [-1, windows ** 2 * channels]);
  return reshape(linear(grouped, layer(parameters, 'patch')), [patches, batch, width]);
}

/** Pictures cut into tiles: [B,Y,X,3] → [Y/t, X/t, B, t·t·3], a tile's vector in the order row, column, channel. */
function tiles(pictures: Tensor, t: number): Tensor {
  const [batch, height, width] = [pictures.size(0), pictures.size(1), pictures.size(2)];
  const cut = reshape(pictures, [batch, height / t, t, width / t, t * CHANNELS]);
  return reshape(transpose(cut, [1, 3, 0, 2, 4]), [height / t, width / t, batch, t * t * CHANNELS]);
}

/** Windows of 2t×2t pixels that move by t, the picture surrounded by t/2 black pixels: [Y/t, X/t, B, 4·t·t·3]. */
function overlappingWindows(pictures: Tensor, t: number): Tensor {
  const border = t / 2;
  const grid = tiles(pad(pad(pictures, 1, border, border), 2, border, border), t);
  const [rows, columns] = [grid.size(0) - 1, grid.size(1) - 1];
  const corner = (y: number, x: number) => slice(slice(grid, 0, y, y + rows), 1, x, x + columns);
  return concat([corner(0, 0), corner(0, 1), corner(1, 0), corner(1, 1)], -1);
}

/** Each position with its eight neighbours, zeros beyond the edge: [Y,X,B,C] → [Y,X,B,9·C], the input of a 3×3 convolution. */
function neighbourhoods(x: Tensor): Tensor {
  const [rows, columns] = [x.size(0), x.size(1)];
  const padded = pad(pad(x, 0, 1, 1), 1, 1, 1);
  const shifted = (dy: number, dx: number) => slice(slice(padded, 0, dy, dy + rows), 1, dx, dx + columns);
  const shifts = Array.from({ length: NEIGHBOURS }, (_, i) => shifted(Math.floor(i / 3), i % 3));
  return concat(shifts, -1);
}

/**
 * A linear layer on raw bytes, with the normalisation folded into the small matrix instead of applied to every pixel:
 * ((u/255 − m)/s)·W + b = u·(W/(255 s)) + (b − (m/s)·ΣW).
 * The matrix's rows stand in the order [groups…], channel, row, column (as a convolution's kernel), the bytes' in the
 * order [groups…], row, column, channel.
 */
function fromBytes(
  bytes: Tensor,
  { weight, bias }: { weight: Tensor; bias: Tensor },
  shape: readonly [number] | readonly [number, number],
): Tensor {
  const [groups, edge] = shape.length === 2 ? shape : [1, shape[0]];
  const out = weight.size(1);
  const kernel = transpose(reshape(weight, [groups, CHANNELS, edge, edge, out]), [0, 2, 3, 1, 4]);
  const scaled = mul(reshape(kernel, [weight.size(0), out]), 1 / (255 * DEVIATION));
  return gemm(cast(bytes, 'float32'), scaled, sub(bias, mul(sum(weight, 0), MEAN / DEVIATION)));
}

/** Pixels of square pictures, uint8 RGB [B,Y,X,3]. */
export const pixelInput: PictureInput = {
  tensor: 'pictures',
  needsBackbone: false,

  isSound({ imageSize, patchSize, stem, windows = USUAL_WINDOWS, sequenceLength, channels, textVocabulary, width }) {
    const whole = stem === 'linear' || (patchSize % (2 * windows) === 0 && width % 2 === 0);
    const fits = imageSize % patchSize === 0 && sequenceLength === (imageSize / patchSize) ** 2;
    return whole && fits && channels === undefined && textVocabulary === undefined;
  },

  type: ({ imageSize }, batch) => uint8(batch, imageSize, imageSize, CHANNELS),
  parameters: stemParameters,
  embed: embedPatches,

  async feed(queries, batch, { imageSize }) {
    const bytes = pictureBytes(imageSize);
    const [first] = queries;
    // One picture is read where it is: a copy would cost a tenth of a small network.
    if (batch === 1 && first?.pixels.length === bytes) return first.pixels;
    const out = new Uint8Array(batch * bytes);
    for (const [i, { pixels }] of queries.entries()) out.set(pixels, i * bytes);
    return out;
  },

  grid({ sequenceLength }) {
    const side = Math.sqrt(sequenceLength);
    return Number.isInteger(side) ? { side, first: 0 } : undefined;
  },
};
