import type { Random } from '@neurodex/autograd';
import { pictureBytes } from './picture.ts';

/** How far an augmented view may lie from its picture; each range is multiplied by `strength`. */
export interface AugmentSettings {
  /** 0 copies the picture, 1 uses the ranges as they are. */
  readonly strength: number;
  /** Largest shift along each axis, as a share of the edge. */
  readonly shift: number;
  /** Largest change of scale: 0.2 is 1/1.2 to 1.2, log-uniform. */
  readonly scale: number;
  /** Largest rotation, in degrees. */
  readonly rotate: number;
  /** Mirror left and right with probability ½ (at any strength above 0). */
  readonly flip: boolean;
  /** Largest change of brightness, contrast and saturation, each a factor 1 ± colour. */
  readonly colour: number;
  /** Largest turn of all hues about the grey axis, in degrees. */
  readonly hue: number;
  /** Probability that a rectangle is blanked out. */
  readonly erase: number;
}

/** Luma weights of ITU-R BT.601, in 1/256. */
const RED = 77;
const GREEN = 150;
const BLUE = 29;

/** Mean luma, 0 … 255. */
function meanLuma(pixels: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < pixels.length; i += 3) {
    sum += RED * (pixels[i] as number) + GREEN * (pixels[i + 1] as number) + BLUE * (pixels[i + 2] as number);
  }
  return sum / (256 * (pixels.length / 3));
}

/** Random erasing (Zhong et al. 2020): 2 to 20 % of the area, aspect 1/3 to 3, noise or the picture's mean grey. */
function eraseRectangle(target: Uint8Array, size: number, grey: number, random: Random): void {
  const area = random.uniform(0.02, 0.2) * size * size;
  const aspect = 3 ** random.uniform(-1, 1);
  const width = Math.max(1, Math.min(size, Math.round(Math.sqrt(area * aspect))));
  const height = Math.max(1, Math.min(size, Math.round(Math.sqrt(area / aspect))));
  const left = random.integer(size - width + 1);
  const top = random.integer(size - height + 1);
  const noise = random.uniform() < 0.5;
  for (let y = top; y < top + height; y++) {
    let at = (y * size + left) * 3;
    for (let x = 0; x < width; x++) {
      const word = noise ? random.uint32() : 0;
      target[at++] = noise ? word : grey;
      target[at++] = noise ? word >>> 8 : grey;
      target[at++] = noise ? word >>> 16 : grey;
    }
  }
}

/**
 * Writes a randomly changed view of `source` into `target`: turned, scaled, shifted, mirrored (one inverse affine map,
 * sampled bilinearly, clamped to the edge), changed in colour, with a rectangle blanked out. One pass over the pixels;
 * the same state of `random` gives the same bytes.
 * @param source uint8 RGB [size, size, 3]
 * @param target uint8 RGB [size, size, 3]; must not overlap `source`
 */
export function augment(
  source: Uint8Array,
  target: Uint8Array,
  size: number,
  settings: AugmentSettings,
  random: Random,
): void {
  const bytes = pictureBytes(size);
  if (source.length !== bytes || target.length !== bytes) {
    throw new RangeError(
      `a picture of edge ${size} has ${bytes} bytes; source has ${source.length}, target ${target.length}`,
    );
  }
  const { strength } = settings;
  if (strength === 0) {
    target.set(source);
    return;
  }
  // A target pixel p is taken from A·p + b in the source: undo the shift, then scale and rotation, about the centre.
  const centre = (size - 1) / 2;
  const angle = (random.uniform(-1, 1) * settings.rotate * strength * Math.PI) / 180;
  const zoom = (1 + settings.scale * strength) ** random.uniform(-1, 1);
  const shiftX = random.uniform(-1, 1) * settings.shift * strength * size;
  const shiftY = random.uniform(-1, 1) * settings.shift * strength * size;
  const mirror = random.uniform() < 0.5 && settings.flip ? -1 : 1;
  const cosine = Math.cos(angle) / zoom;
  const sine = Math.sin(angle) / zoom;
  const xx = mirror * cosine;
  const xy = mirror * sine;
  const originX = centre - xx * (centre + shiftX) - xy * (centre + shiftY);
  const originY = centre + sine * (centre + shiftX) - cosine * (centre + shiftY);

  // Brightness, contrast about the mean luma, and saturation are linear in a pixel: gain·(luma + s·(v − luma)) + lift.
  const colour = settings.colour * strength;
  const brightness = 1 + colour * random.uniform(-1, 1);
  const contrast = 1 + colour * random.uniform(-1, 1);
  const saturation = 1 + colour * random.uniform(-1, 1);
  const mean = meanLuma(source);
  // Turning hues is a rotation about the grey axis: each new channel is a mixture, the same one shifted by a channel.
  const turn = (random.uniform(-1, 1) * settings.hue * strength * Math.PI) / 180;
  const third = (1 - Math.cos(turn)) / 3;
  const same = Math.cos(turn) + third;
  const next = third - Math.sin(turn) / Math.sqrt(3);
  const past = third + Math.sin(turn) / Math.sqrt(3);
  const gain = brightness * contrast;
  const ownGain = gain * saturation;
  const lumaGain = (gain - ownGain) / 256;
  const lift = brightness * (1 - contrast) * mean;

  // This view of the target rounds and clamps to 0 … 255 by itself.
  const out = new Uint8ClampedArray(target.buffer, target.byteOffset, target.length);
  const last = size - 1;
  const rowBytes = size * 3;
  let at = 0;
  for (let y = 0; y < size; y++) {
    let sampleX = originX + xy * y;
    let sampleY = originY + cosine * y;
    for (let x = 0; x < size; x++) {
      const clampedX = Math.min(Math.max(sampleX, 0), last);
      const clampedY = Math.min(Math.max(sampleY, 0), last);
      const left = clampedX | 0;
      const top = clampedY | 0;
      const fractionX = clampedX - left;
      const fractionY = clampedY - top;
      const a = top * rowBytes + left * 3;
      const b = left < last ? a + 3 : a;
      const down = top < last ? rowBytes : 0;
      const c = a + down;
      const d = b + down;
      const weightD = fractionX * fractionY;
      const weightB = fractionX - weightD;
      const weightC = fractionY - weightD;
      const weightA = 1 - fractionX - weightC;
      const red =
        weightA * (source[a] as number) +
        weightB * (source[b] as number) +
        weightC * (source[c] as number) +
        weightD * (source[d] as number);
      const green =
        weightA * (source[a + 1] as number) +
        weightB * (source[b + 1] as number) +
        weightC * (source[c + 1] as number) +
        weightD * (source[d + 1] as number);
      const blue =
        weightA * (source[a + 2] as number) +
        weightB * (source[b + 2] as number) +
        weightC * (source[c + 2] as number) +
        weightD * (source[d + 2] as number);
      const base = lumaGain * (RED * red + GREEN * green + BLUE * blue) + lift;
      out[at] = ownGain * (same * red + next * green + past * blue) + base;
      out[at + 1] = ownGain * (past * red + same * green + next * blue) + base;
      out[at + 2] = ownGain * (next * red + past * green + same * blue) + base;
      at += 3;
      sampleX += xx;
      sampleY -= sine;
    }
  }
  if (random.uniform() < settings.erase * strength) eraseRectangle(target, size, mean, random);
}
