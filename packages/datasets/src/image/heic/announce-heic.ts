import { unreadableCodePoints } from '../colour-signal.ts';
import { checkDemand } from '../memory.ts';
import type { Announced, Opened, OpenOptions } from '../open.ts';
import { checkPixels, damaged, unsupported } from '../refusals.ts';
import { heicDecoder } from './heic-decoder.ts';
import { type HeicHeader, NoStillPicture, readHeicHeader } from './heic-header.ts';

/** Pixels that a tile may have, which may be larger than the picture that is cut from it. */
const LARGEST_TILE = 2 ** 22;

/**
 * A HEIC picture from its boxes alone; `open` decodes it.
 * @param openTiff of what the decoder makes of it
 * @throws NeurodexError picture-unsupported, picture-damaged, picture-too-large
 */
export function announceHeic(
  file: Uint8Array,
  options: OpenOptions,
  openTiff: (tiff: Uint8Array) => Promise<Opened>,
): Announced {
  const { name, maxPixels, seconds, whole = false } = options;
  const header = headerOf(file, name);
  if (header.codec !== 'hvc1') throw unsupported(name, `a HEIF picture that is coded as ${codecName(header.codec)}`);
  const colours = unreadableCodePoints(header.colours, header.hasProfile);
  if (colours !== undefined) throw unsupported(name, colours);
  checkPixels(name, header.width, header.height, maxPixels);
  const memory = checkDemand(name, header.coded, heicMemory(header, file.length, whole));
  const { width, height } = header;
  const limit = Math.max(LARGEST_TILE, header.coded.width * header.coded.height);
  return {
    format: 'HEIC',
    dimensions: { width, height },
    memory,
    open: async () => await openTiff(await heicDecoder.decode(file, { name, maxPixels: limit, seconds, memory })),
  };
}

function headerOf(file: Uint8Array, name: string): HeicHeader {
  try {
    return readHeicHeader(file);
  } catch (error) {
    if (error instanceof NoStillPicture) throw unsupported(name, 'a HEIC sequence without a still picture', error);
    if (!(error instanceof RangeError)) throw error;
    const cut = /the file ends/.test(error.message);
    throw damaged(name, 'HEIC', cut ? 'it ends too early' : 'its header is corrupt', error);
  }
}

const CODECS: Readonly<Record<string, string>> = {
  av01: 'AV1',
  avc1: 'H.264',
  jpeg: 'JPEG',
  j2k1: 'JPEG 2000',
  vvc1: 'VVC',
  unci: 'uncompressed data',
};

const codecName = (codec: string): string => CODECS[codec] ?? (/^[\w ]{4}$/.test(codec) ? codec : 'something unknown');

/** Bytes at the peak, measured: planes of the decoder and of the whole picture, its interleaved pixels, and the TIFF. */
function heicMemory({ coded, deep, hasAlpha }: HeicHeader, fileBytes: number, whole: boolean): number {
  const channels = hasAlpha ? 4 : 3;
  const decoder = (deep ? 15 : 8) + (hasAlpha ? 3 : 0);
  return coded.width * coded.height * (decoder + channels + (whole ? 6 : 0)) + 2 * fileBytes;
}
