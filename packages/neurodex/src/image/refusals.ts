import { NeurodexError } from '../errors.ts';
import { FORMATS, type Format } from './formats.ts';

const formatList = `${FORMATS.slice(0, -1).join(', ')} or ${FORMATS.at(-1)}`;

export const pictureEmpty = (name: string): NeurodexError =>
  new NeurodexError('picture-empty', `${name} is empty (0 bytes)`, {
    hint: 'the file may not have been copied completely; copy it again or leave it out',
    details: { name },
  });

export const notAnImage = (name: string): NeurodexError =>
  new NeurodexError('picture-not-an-image', `${name} is not a ${formatList} picture, whatever its name says`, {
    hint: 'convert it to JPEG or PNG, or leave it out',
    details: { name },
  });

/** @param what the kind of picture, with its article: 'an L*a*b* TIFF' */
export const unsupported = (name: string, what: string, cause?: unknown): NeurodexError =>
  new NeurodexError('picture-unsupported', `${name} is ${what}, which is not supported`, {
    hint: 'convert it to an 8-bit or 16-bit RGB or greyscale picture, or leave it out',
    details: { name, what },
    cause,
  });

export const tooLarge = (name: string, what: string, hint: string, details = {}): NeurodexError =>
  new NeurodexError('picture-too-large', `${name} ${what}`, { hint, details: { name, ...details } });

/** @throws NeurodexError picture-too-large where width × height is more than the limit */
export function checkPixels(name: string, width: number, height: number, maxPixels: number): void {
  const pixels = width * height;
  if (pixels <= maxPixels) return;
  const what = `has ${width} × ${height} = ${pixels} pixels, and the limit is ${maxPixels}`;
  throw tooLarge(name, what, 'scale it down, or raise pictures.maxPixels', { width, height, maxPixels });
}

/** libvips reports one line per module, the first being the cause, with the names of modules in front of it. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const first = (text.split('\n')[0] ?? '').trim();
  const plain = first.replace(/^(?:Input buffer has corrupt header: ?|[\w-]+: )+/, '').replace(/\.$/, '');
  return WORDS.find(([pattern]) => pattern.test(first))?.[1] ?? (plain || 'the decoder gave no reason');
}

/** What some of the decoders' words mean to a person. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/unsupported image format|bad seek|is a valid format/i, 'its header cannot be read'],
  [/corrupt header: *$/, 'its header cannot be read'],
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
  const text = error instanceof Error ? error.message : String(error);
  for (const [pattern, what] of UNSUPPORTED) {
    const match = pattern.exec(text);
    if (match !== null) return unsupported(name, what(match), error);
  }
  if (/^timeout: /.test(text)) {
    return tooLarge(name, `takes more than ${seconds} seconds to decode`, 'scale it down', { seconds });
  }
  if (/exceeds (pixel|channel) limit/.test(text)) {
    return tooLarge(name, 'has more pixels than its header says, and more than the limit', 'scale it down');
  }
  const reason = reasonOf(error);
  return new NeurodexError('picture-damaged', `${name} is a damaged ${format} file: ${reason}`, {
    hint: 'the file may have been cut short when it was copied; copy it again or leave it out',
    details: { name, format, reason },
    cause: error,
  });
}
