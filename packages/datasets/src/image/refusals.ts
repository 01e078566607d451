import { errorMessage, NeurodexError } from '@neurodex/core';
import { type Format, formatList } from './picture-formats.ts';
import { unreadRaw } from './raw/raw-kind.ts';
import { FRAMES_COMMAND, videoKind } from './videos.ts';

export const pictureEmpty = (name: string): NeurodexError =>
  new NeurodexError('picture-empty', `${name} is empty (0 bytes)`, {
    hint: 'the file may not have been copied completely; copy it again or leave it out',
    details: { name },
  });

/** Of bytes that are no picture of a known format. */
export function notAnImage(name: string, bytes: Uint8Array): NeurodexError {
  const raw = unreadRaw(bytes);
  if (raw !== undefined) return unsupported(name, raw, undefined, DEVELOP);
  const video = videoKind(bytes);
  if (video !== undefined) {
    return new NeurodexError('picture-not-an-image', `${name} is a video (${video}), not a picture`, {
      hint: `take pictures from it: ${FRAMES_COMMAND}`,
      details: { name, video },
    });
  }
  return new NeurodexError('picture-not-an-image', `${name} is not a ${formatList} picture, whatever its name says`, {
    hint: 'convert it to JPEG or PNG, or leave it out',
    details: { name },
  });
}

const CONVERT = 'convert it to an 8-bit or 16-bit RGB or greyscale picture, or leave it out';
/** For whoever has raw sensor data. */
export const DEVELOP = 'save it as a JPEG with the program of the camera or a raw converter, or leave it out';

/** @param what the kind of picture, with its article: 'an L*a*b* TIFF' */
export const unsupported = (name: string, what: string, cause?: unknown, hint = CONVERT): NeurodexError =>
  new NeurodexError('picture-unsupported', `${name} is ${what}, which is not supported`, {
    hint,
    details: { name, what },
    cause,
  });

/** The one decoder that may be missing: it is an optional dependency. @param how it is missing */
export const withoutDecoder = (name: string, how: string, cause: unknown): NeurodexError =>
  new NeurodexError('picture-unsupported', `${name} is a HEIC picture, and libheif-js, which decodes them, ${how}`, {
    hint: 'run npm install libheif-js@1.23.2, or convert the picture to JPEG',
    details: { name, package: 'libheif-js' },
    cause,
  });

export const tooLarge = (name: string, what: string, hint: string, details = {}, cause?: unknown): NeurodexError =>
  new NeurodexError('picture-too-large', `${name} ${what}`, { hint, details: { name, ...details }, cause });

export const tooSlow = (name: string, seconds: number): NeurodexError =>
  tooLarge(name, `takes more than ${seconds} seconds to decode`, 'scale it down', { seconds });

export const COPY_AGAIN = 'the file may have been cut short when it was copied; copy it again or leave it out';

export const damaged = (name: string, format: Format, reason: string, cause: unknown): NeurodexError =>
  new NeurodexError('picture-damaged', `${name} is a damaged ${format} file: ${reason}`, {
    hint: COPY_AGAIN,
    details: { name, format, reason },
    cause,
  });

/** Longest edge that is decoded: that of JPEG and GIF. One row of a longer one takes memory, one column takes minutes. */
export const MAX_EDGE = 65_535;

/** @throws NeurodexError picture-too-large where width × height is more than the limit, or an edge longer than any */
export function checkPixels(name: string, width: number, height: number, maxPixels: number): void {
  const pixels = width * height;
  if (Math.max(width, height) > MAX_EDGE) {
    const what = `is ${width} × ${height} pixels, and the limit of an edge is ${MAX_EDGE}`;
    throw tooLarge(name, what, 'cut it into parts, or scale it down', { width, height, maxEdge: MAX_EDGE });
  }
  if (pixels <= maxPixels) return;
  const what = `has ${width} × ${height} = ${pixels} pixels, and the limit is ${maxPixels}`;
  throw tooLarge(name, what, 'scale it down, or raise pictures.maxPixels', { width, height, maxPixels });
}

/** What decoders report, in words for whoever has the file; their own are in the error's cause. */
export function damageIn(error: unknown): string {
  const text = errorMessage(error);
  const lines = text.split('\n').filter((line) => !/^VipsIcc/.test(line));
  const cause = lines.find((line) => line.trim() !== '') ?? '';
  return DAMAGE.find(([pattern]) => pattern.test(cause))?.[1] ?? 'its compressed data are corrupt';
}

const CUT_SHORT = 'it ends too early';
const HEADER = 'its header is corrupt';
const DAMAGE: readonly (readonly [RegExp, string])[] = [
  [/its contents read as/, 'its contents are of another format than its first bytes say'],
  [/premature end|end of file|got \d+ bytes|truncat|not enough|bad seek|too short/i, CUT_SHORT],
  [/libpng read error|unable to read/i, 'its data are corrupt or end too early'],
  [
    /corrupt header|unsupported image format|director|tag\b|field|box|marker|DQT|DHT|SOS|sampling factors|component/i,
    HEADER,
  ],
];

/** Decoders' words for a sound file of a kind that they cannot read. */
const UNSUPPORTED: readonly (readonly [RegExp, (match: RegExpExecArray) => string])[] = [
  [/Unsupported JPEG data precision (\d+)/i, (match) => `a ${match[1]}-bit JPEG`],
  [
    /Unsupported JPEG process: SOF type 0x(\w\w)/i,
    (match) => `a JPEG of ${JPEG_PROCESSES[match[1] ?? ''] ?? 'an unusual process'}`,
  ],
  [/arithmetic coding/i, () => 'an arithmetic-coded JPEG'],
  [/(\w+) compression support is not configured/i, (match) => `a TIFF with ${match[1]} compression`],
  [/unsupported (feature|image type|codec)|no decoder|decoder plugin/i, () => 'an AVIF of an unusual kind'],
];

const JPEG_PROCESSES: Readonly<Record<string, string>> = {
  c3: 'the lossless process',
  c5: 'the hierarchical process',
  c6: 'the hierarchical process',
  c7: 'the hierarchical lossless process',
  cb: 'the lossless arithmetic process',
};

/** What a decoder's error means: of a kind that is not read, too large, or damaged. */
export function decodingFailed(name: string, format: Format, error: unknown, seconds = 0): NeurodexError {
  if (error instanceof NeurodexError) return error;
  const text = errorMessage(error);
  for (const [pattern, what] of UNSUPPORTED) {
    const match = pattern.exec(text);
    if (match !== null) return unsupported(name, what(match), error);
  }
  if (/^timeout: /.test(text)) return tooSlow(name, seconds);
  if (/exceeds pixel limit/.test(text)) {
    return tooLarge(name, 'has more pixels than its header says, and more than the limit', 'scale it down');
  }
  return damaged(name, format, damageIn(error), error);
}
