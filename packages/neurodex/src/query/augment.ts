import { Random } from '@neurodex/autograd';
import { pictureBytes } from '@neurodex/datasets/picture';

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
    sum += RED * (pixels[i] ?? NaN) + GREEN * (pixels[i + 1] ?? NaN) + BLUE * (pixels[i + 2] ?? NaN);
  }
  return sum / (256 * (pixels.length / 3));
}

/** A rectangle that is blanked out, with noise or with the picture's mean grey. */
interface Erasure {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** State of the random numbers that the noise comes from; null for grey. */
  readonly noise: readonly number[] | null;
}

/**
 * One random change of a picture, as plain numbers: everything that is drawn at random, so that rendering it may happen
 * elsewhere and later.
 */
export interface View {
  /** A target pixel p is taken from A·p + b in the source: x from (xx, xy, originX), y from (−sine, cosine, originY). */
  readonly xx: number;
  readonly xy: number;
  readonly cosine: number;
  readonly sine: number;
  readonly originX: number;
  readonly originY: number;
  /** Factors. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** Turn of the hues, in radians. */
  readonly turn: number;
  readonly erasure: Erasure | null;
}

/** Random erasing (Zhong et al. 2020): 2 to 20 % of the area, aspect 1/3 to 3, noise or the picture's mean grey. */
function drawErasure(size: number, random: Random): Erasure {
  const area = random.uniform(0.02, 0.2) * size * size;
  const aspect = 3 ** random.uniform(-1, 1);
  const width = Math.max(1, Math.min(size, Math.round(Math.sqrt(area * aspect))));
  const height = Math.max(1, Math.min(size, Math.round(Math.sqrt(area / aspect))));
  const left = random.integer(size - width + 1);
  const top = random.integer(size - height + 1);
  const noise = random.uniform() < 0.5 ? random.state : null;
  if (noise !== null) for (let i = 0; i < width * height; i++) random.uint32();
  return { left, top, width, height, noise };
}

function erase(target: Uint8Array, size: number, grey: number, { left, top, width, height, noise }: Erasure): void {
  const random = noise === null ? undefined : Random.restore(noise);
  for (let y = top; y < top + height; y++) {
    let at = (y * size + left) * 3;
    for (let x = 0; x < width; x++) {
      const word = random?.uint32() ?? 0;
      target[at++] = random ? word : grey;
      target[at++] = random ? word >>> 8 : grey;
      target[at++] = random ? word >>> 16 : grey;
    }
  }
}

/**
 * Draws a change of a picture: turned, scaled, shifted, mirrored (one inverse affine map), changed in colour, with a
 * rectangle blanked out. The same state of `random` gives the same view.
 * @returns null where the strength is 0: the picture as it is
 */
export function drawView(size: number, settings: AugmentSettings, random: Random): View | null {
  const { strength } = settings;
  if (strength === 0) return null;
  // Undo the shift, then scale and rotation, about the centre.
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
  const colour = settings.colour * strength;
  return {
    xx,
    xy,
    cosine,
    sine,
    originX: centre - xx * (centre + shiftX) - xy * (centre + shiftY),
    originY: centre + sine * (centre + shiftX) - cosine * (centre + shiftY),
    brightness: 1 + colour * random.uniform(-1, 1),
    contrast: 1 + colour * random.uniform(-1, 1),
    saturation: 1 + colour * random.uniform(-1, 1),
    turn: (random.uniform(-1, 1) * settings.hue * strength * Math.PI) / 180,
    erasure: random.uniform() < settings.erase * strength ? drawErasure(size, random) : null,
  };
}

/** Draws a view of `source` and renders it into `target`: `drawView` and `renderView` in one. */
export function augment(
  source: Uint8Array,
  target: Uint8Array,
  size: number,
  settings: AugmentSettings,
  random: Random,
): void {
  renderView(source, target, size, drawView(size, settings, random));
}

/**
 * Writes a view of `source` into `target`, sampled bilinearly, clamped to the edge. One pass over the pixels; no random
 * numbers, but for those that the view carries.
 * @param source uint8 RGB [size, size, 3]
 * @param target uint8 RGB [size, size, 3]; must not overlap `source`
 * @param view null copies
 */
export function renderView(source: Uint8Array, target: Uint8Array, size: number, view: View | null): void {
  const bytes = pictureBytes(size);
  if (source.length !== bytes || target.length !== bytes) {
    throw new RangeError(
      `a picture of edge ${size} has ${bytes} bytes; source has ${source.length}, target ${target.length}`,
    );
  }
  if (view === null) {
    target.set(source);
    return;
  }
  const mean = meanLuma(source);
  resample(source, target, size, view, colourChange(view, mean));
  if (view.erasure !== null) erase(target, size, mean, view.erasure);
}

/** How the channels of a pixel change: a mixture of them, times `ownGain`, and a share of its luma. */
interface ColourChange {
  /** Weights of a channel itself, the next one and the one before, in a circle. */
  readonly same: number;
  readonly next: number;
  readonly past: number;
  readonly ownGain: number;
  /** In 1/256, as the luma weights. */
  readonly lumaGain: number;
  readonly lift: number;
}

function colourChange({ brightness, contrast, saturation, turn }: View, mean: number): ColourChange {
  // Turning hues is a rotation about the grey axis: each new channel is a mixture, the same one shifted by a channel.
  const third = (1 - Math.cos(turn)) / 3;
  // Brightness, contrast about the mean luma, and saturation are linear in a pixel: gain·(luma + s·(v − luma)) + lift.
  const gain = brightness * contrast;
  const ownGain = gain * saturation;
  return {
    same: Math.cos(turn) + third,
    next: third - Math.sin(turn) / Math.sqrt(3),
    past: third + Math.sin(turn) / Math.sqrt(3),
    ownGain,
    lumaGain: (gain - ownGain) / 256,
    lift: brightness * (1 - contrast) * mean,
  };
}

/** Geometry and colours of a view in one pass. */
function resample(source: Uint8Array, target: Uint8Array, size: number, view: View, colours: ColourChange): void {
  const { xx, xy, cosine, sine, originX, originY } = view;
  const { same, next, past, ownGain, lumaGain, lift } = colours;
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
        weightA * (source[a] ?? NaN) +
        weightB * (source[b] ?? NaN) +
        weightC * (source[c] ?? NaN) +
        weightD * (source[d] ?? NaN);
      const green =
        weightA * (source[a + 1] ?? NaN) +
        weightB * (source[b + 1] ?? NaN) +
        weightC * (source[c + 1] ?? NaN) +
        weightD * (source[d + 1] ?? NaN);
      const blue =
        weightA * (source[a + 2] ?? NaN) +
        weightB * (source[b + 2] ?? NaN) +
        weightC * (source[c + 2] ?? NaN) +
        weightD * (source[d + 2] ?? NaN);
      const base = lumaGain * (RED * red + GREEN * green + BLUE * blue) + lift;
      out[at] = ownGain * (same * red + next * green + past * blue) + base;
      out[at + 1] = ownGain * (past * red + same * green + next * blue) + base;
      out[at + 2] = ownGain * (next * red + past * green + same * blue) + base;
      at += 3;
      sampleX += xx;
      sampleY -= sine;
    }
  }
}
