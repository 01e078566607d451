import type { WholePicture } from '@neurodex/datasets/image';
import { outputSize } from './output-size.ts';
import type { Preprocessing } from './preprocessing.ts';
import { type Region, resample } from './resample.ts';

const COLOURS = 3;
const BYTES = 256;

/**
 * A picture as an encoder takes it, still in bytes: resized and cropped as transformers' image processors do it with Pillow, to the
 * last bit. `inputValues` says which number each byte becomes.
 * @returns uint8 RGB [height, width, 3] of `outputSize`
 */
export function preprocess(picture: WholePicture, preprocessing: Preprocessing): Uint8Array {
  const resized = resizedSize(picture, preprocessing);
  const crop = outputSize(preprocessing) ?? resized;
  const window = centred(resized, crop);
  // Of what lies beyond the picture there is nothing to compute.
  const part = inside(window, resized);
  const pixels = resample(picture, resized, preprocessing.filter, part);
  if (part.width === window.width && part.height === window.height) return pixels;
  const padded = new Uint8Array(window.width * window.height * COLOURS);
  for (let y = 0; y < part.height; y++) {
    const to = ((part.top - window.top + y) * window.width + part.left - window.left) * COLOURS;
    padded.set(pixels.subarray(y * part.width * COLOURS, (y + 1) * part.width * COLOURS), to);
  }
  return padded;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

function resizedSize({ width, height }: Size, { resize }: Preprocessing): Size {
  if (resize === undefined) return { width, height };
  if ('height' in resize) return resize;
  const { shortestEdge: edge, ratioFirst = false } = resize;
  const [short, long] = width <= height ? [width, height] : [height, width];
  const longer = Math.max(1, Math.trunc(ratioFirst ? (long / short) * edge : (edge * long) / short));
  return width <= height ? { width: edge, height: longer } : { width: longer, height: edge };
}

/** The middle: half a pixel too many goes to the right and below, and of a frame to the left and above. */
function centred({ width, height }: Size, crop: Size): Region {
  return {
    left: Math.floor((width - crop.width) / 2),
    top: Math.floor((height - crop.height) / 2),
    width: crop.width,
    height: crop.height,
  };
}

function inside({ left, top, width, height }: Region, size: Size): Region {
  const [x, y] = [Math.max(0, left), Math.max(0, top)];
  return {
    left: x,
    top: y,
    width: Math.min(size.width, left + width) - x,
    height: Math.min(size.height, top + height) - y,
  };
}

/**
 * The number that each byte becomes, float32 [3, 256]: computed in the precision that transformers compute it in, so that values are
 * theirs to the last bit.
 */
export function inputValues({ factor, offset = 0, normalize }: Preprocessing): Float32Array {
  const { fround } = Math;
  const values = new Float32Array(COLOURS * BYTES);
  for (let colour = 0; colour < COLOURS; colour++) {
    for (let byte = 0; byte < BYTES; byte++) {
      let value = fround(fround(byte * factor) + offset);
      for (const { mean, std } of normalize) {
        value = fround(fround(value - fround(mean[colour] ?? NaN)) / fround(std[colour] ?? NaN));
      }
      values[colour * BYTES + byte] = value;
    }
  }
  return values;
}
