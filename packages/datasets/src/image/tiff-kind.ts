import { colourSamples, type TiffHeader } from './tiff-header.ts';

const COMPRESSIONS: Readonly<Record<number, string>> = {
  6: 'old-style JPEG',
  34661: 'JBIG',
  34712: 'JPEG 2000',
  34887: 'LERC',
  34925: 'LZMA',
  50000: 'Zstandard (zstd)',
  50001: 'WebP',
  50002: 'JPEG XL',
  52546: 'JPEG XL',
  34933: 'PNG',
  34934: 'JPEG XR',
  32809: 'ThunderScan',
  32909: 'PixarFilm',
  34676: 'SGI LogLuv',
  34677: 'SGI LogLuv',
};
/** None, CCITT, LZW, JPEG, deflate, PackBits. */
const READABLE: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 7, 8, 32773, 32946]);

const PHOTOMETRICS: Readonly<Record<number, string>> = {
  4: 'a transparency mask in TIFF',
  8: 'an L*a*b* TIFF',
  9: 'an L*a*b* TIFF',
  10: 'an L*a*b* TIFF',
  32803: 'a TIFF of raw sensor data',
  32844: 'a LogLuv TIFF',
  32845: 'a LogLuv TIFF',
  34892: 'a TIFF of raw sensor data',
};
const COLOURS: ReadonlySet<number> = new Set([0, 1, 2, 3, 5, 6]);

const SAMPLE_FORMATS: Readonly<Record<number, string>> = {
  2: 'signed integers',
  3: 'floating point samples',
  5: 'complex samples',
  6: 'complex samples',
};

/** The largest edge of a tile, which is libvips' own limit. */
const MOST_TILE = 8192;

/** Most samples of a pixel: colours, alpha and a few channels of unknown meaning. */
export const MAX_SAMPLES = 16;

/** What kind of TIFF this is, in words, when it is one that cannot be decoded faithfully; else undefined. */
export function unreadableTiff(header: TiffHeader): string | undefined {
  const { photometric, compression, bits, sampleFormats, samples, extra, tile } = header;
  if (!COLOURS.has(photometric)) {
    return PHOTOMETRICS[photometric] ?? `a TIFF of the photometric interpretation ${photometric}`;
  }
  if (!READABLE.has(compression))
    return `a TIFF with ${COMPRESSIONS[compression] ?? `unknown (${compression})`} compression`;
  const strange = sampleFormats.find((format) => SAMPLE_FORMATS[format] !== undefined);
  // 1 where the header says nothing.
  const depth = bits[0] ?? 1;
  if (strange !== undefined) return `a TIFF of ${depth}-bit ${SAMPLE_FORMATS[strange]}`;
  const depths = [...new Set(bits.slice(0, samples))];
  if (depths.length > 1) return `a TIFF whose channels have different depths (${depths.slice(0, 4).join(', ')} bits)`;
  if (!depthsOf(photometric).includes(depth)) return `a ${depth}-bit ${nameOf(photometric)} TIFF`;
  if (tile !== undefined && Math.max(...tile) > MOST_TILE) {
    return `a TIFF with tiles of ${tile[0]} × ${tile[1]} pixels (the limit is ${MOST_TILE} on an edge)`;
  }
  return channelsNotRead(photometric, samples, extra, header.inkSet);
}

const depthsOf = (photometric: number): readonly number[] =>
  photometric === 2 || photometric === 5
    ? [8, 16]
    : photometric === 6
      ? [8]
      : photometric === 3
        ? [1, 2, 4, 8]
        : [1, 2, 4, 8, 16];

const nameOf = (photometric: number): string =>
  ({ 2: 'RGB', 3: 'palette', 5: 'CMYK', 6: 'YCbCr' })[photometric] ?? 'greyscale';

/** Unspecified channels are left out, as TIFF 6.0 says (§18, ExtraSamples), but a stack of bands is not a grey picture. */
function channelsNotRead(
  photometric: number,
  samples: number,
  extra: readonly number[],
  inkSet: number,
): string | undefined {
  const colours = colourSamples(photometric);
  if (photometric === 5 && (inkSet === 2 || samples < colours)) return 'a TIFF of inks other than CMYK';
  if (colours === 1 && samples > 2) return `a TIFF of ${samples} samples per pixel (bands)`;
  if (samples > MAX_SAMPLES) return `a TIFF of ${samples} samples per pixel (the limit is ${MAX_SAMPLES})`;
  if (photometric === 3 && samples > 1) return 'a palette TIFF with further channels';
  if (photometric === 6 && samples > 3) return 'a YCbCr TIFF with further channels';
  const alphas = extra.filter((kind) => kind === 1 || kind === 2).length;
  if (alphas > 1) return `a TIFF with ${alphas} alpha channels`;
  if (samples - colours > 1 && extra.includes(1)) return 'a TIFF with associated alpha and further channels';
  return samples < colours ? `a TIFF of ${samples} samples per pixel` : undefined;
}
