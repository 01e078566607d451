import { setImmediate } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';
import type { Sharp } from 'sharp';
import { libvips } from './libvips.ts';
import { chunk, encodePng } from './png.ts';

/**
 * Pictures that sharp's own way to sRGB gets wrong: 16 bits a channel with a profile, inks, channels that are not alpha. All
 * samples are read as they are, or through the embedded profile in one step, and colour and alpha are taken out of them.
 */
export interface SampleLayout {
  /** Channels of colour in the file: grey, RGB, CMYK. */
  readonly colours: 1 | 3 | 4;
  /** Channels in the file, colours included. */
  readonly channels: number;
  /** Which channel is alpha (not premultiplied). */
  readonly alpha: number | undefined;
  /** 16 bits a channel instead of 8. */
  readonly deep: boolean;
  /** Whether the embedded profile is to be applied. */
  readonly profile: boolean;
  /** EXIF orientation, 1 … 8. */
  readonly orientation: number;
}

/** Samples in memory, [height, width, channels]. */
export interface Samples {
  readonly data: Uint8Array | Uint16Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
}

/** libvips' names of the colour spaces, for 8 and for 16 bits. */
const SPACES = { 1: ['b-w', 'grey16'], 3: ['srgb', 'rgb16'], 4: ['cmyk', 'cmyk'] } as const;

/**
 * Grey or RGB, with alpha behind it where there is one; in sRGB where a profile says what the numbers mean.
 * @param image a new one each time, opened with `ignoreIcc`, so that nothing is converted before we say so
 */
export async function readSamples(image: () => Sharp, layout: SampleLayout, icc?: Uint8Array): Promise<Samples> {
  const usable = layout.profile && (layout.colours !== 3 || icc === undefined || (await changesColours(icc)));
  const first = usable ? await readOnce(image(), layout) : undefined;
  const samples = first ?? (await readOnce(image(), { ...layout, profile: false }));
  if (samples === undefined) throw new Error('it has other channels than its header says');
  return samples;
}

/** undefined where other channels come out than were expected: of grey and inks, when LittleCMS refuses the profile. */
async function readOnce(image: Sharp, layout: SampleLayout): Promise<Samples | undefined> {
  const { colours, deep, profile } = layout;
  // Of 8-bit grey sharp gives out the first channel only.
  const spread = colours === 1 && !deep && !profile;
  let read = image.toColourspace(spread ? 'srgb' : SPACES[colours][deep ? 1 : 0]);
  if (colours === 4) read = read.pipelineColourspace('cmyk');
  if (profile) read = read.withIccProfile('srgb');
  // Through the profile inks become 8-bit sRGB at once.
  const wide = deep && !(colours === 4 && profile);
  const { data, info } = await read.raw({ depth: wide ? 'ushort' : 'uchar' }).toBuffer({ resolveWithObject: true });
  const values = wide ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data;
  const made = profile || spread ? 3 : colours;
  if (info.channels !== made + layout.channels - colours) return undefined;
  const alpha = layout.alpha === undefined ? undefined : layout.alpha - colours + made;
  return await picked({ values, width: info.width, height: info.height }, { made, channels: info.channels, alpha });
}

/** Levels of each channel in the colours that a profile is tried with. */
const LEVELS = [0, 16, 51, 102, 153, 204, 255];
/** Values by which a profile that is no more than sRGB's may move them. */
const ROUNDING = 2;

/**
 * Whether an RGB profile does anything. In place of one that LittleCMS refuses, libvips takes sRGB for 8 bits and Display P3 for
 * 16: so we ask with 8 bits, and pass over a profile that changes nothing there.
 */
async function changesColours(icc: Uint8Array): Promise<boolean> {
  const colours = LEVELS.flatMap((r) => LEVELS.flatMap((g) => LEVELS.flatMap((b) => [r, g, b])));
  const profile = chunk('iCCP', Buffer.concat([Buffer.from('icc\0\0'), deflateSync(icc)]));
  const png = encodePng(Uint8Array.from(colours), colours.length / 3, 1, 3, { ancillary: [profile] });
  const data = await libvips()(png, { ignoreIcc: true }).withIccProfile('srgb').raw({ depth: 'uchar' }).toBuffer();
  return colours.some((value, i) => Math.abs(value - (data[i] ?? 0)) > ROUNDING);
}

interface Chosen {
  readonly made: number;
  readonly channels: number;
  readonly alpha: number | undefined;
}

/** Pixels between two moments at which other work may go on. */
const AT_ONCE = 1 << 20;

/** The channels of colour and alpha; inks as RGB. In place: what is written is never ahead of what was read. */
async function picked(
  { values, width, height }: { values: Uint8Array | Uint16Array; width: number; height: number },
  { made, channels, alpha }: Chosen,
): Promise<Samples> {
  const colours = made === 4 ? 3 : made;
  const kept = (colours + (alpha === undefined ? 0 : 1)) as 1 | 2 | 3 | 4;
  if (made === channels && made !== 4) return { data: values, width, height, channels: kept };
  if (kept === channels && alpha === made) return { data: values, width, height, channels: kept };
  const top = values instanceof Uint16Array ? 65_535 : 255;
  for (let i = 0; i < width * height; i++) {
    if (i % AT_ONCE === 0 && i > 0) await setImmediate();
    const from = i * channels;
    const to = i * kept;
    const opacity = alpha === undefined ? 0 : (values[from + alpha] ?? Number.NaN);
    if (made === 4) {
      const light = top - (values[from + 3] ?? Number.NaN);
      for (let c = 0; c < 3; c++) values[to + c] = Math.round(((top - (values[from + c] ?? Number.NaN)) * light) / top);
    } else {
      for (let c = 0; c < colours; c++) values[to + c] = values[from + c] ?? Number.NaN;
    }
    if (alpha !== undefined) values[to + colours] = opacity;
  }
  return { data: values.subarray(0, width * height * kept), width, height, channels: kept };
}

/** Mirroring and clockwise turns that make a picture of each EXIF orientation upright, in this order. */
const UPRIGHT: Readonly<Record<number, readonly [mirror: boolean, turn: number]>> = {
  2: [true, 0],
  3: [false, 180],
  4: [true, 180],
  5: [true, 90],
  6: [false, 90],
  7: [true, 270],
  8: [false, 270],
};

/** The samples as a picture, and what is to be done last for it to be upright. */
export function imageOf(samples: Samples): Sharp {
  const { data, width, height, channels } = samples;
  return libvips()(data, { raw: { width, height, channels }, limitInputPixels: false });
}

export function upright(image: Sharp, orientation: number): Sharp {
  const [mirror, turn] = UPRIGHT[orientation] ?? [false, 0];
  return image.flop(mirror).rotate(turn);
}
