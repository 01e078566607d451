import { sniffFormat } from '../image/formats.ts';
import { libvips } from '../image/libvips.ts';
import { beginsLikeTiff } from '../image/tiff-reader.ts';

/** Metadata as it lies in a file. */
export interface RawBlocks {
  /** EXIF, or a whole TIFF file, which has the same directories. */
  readonly exif?: Uint8Array | undefined;
  readonly xmp?: Uint8Array | undefined;
  /** IPTC-IIM, or the resources of Photoshop around it. */
  readonly iptc?: Uint8Array | undefined;
}

/** Segments of JPEG in front of the picture (ISO/IEC 10918-1 §B.1.1): SOI, SOS, and those that hold metadata. */
const [SOI, SOS, APP1, APP13] = [0xd8, 0xda, 0xe1, 0xed];

/** Whether a JPEG has a segment that holds metadata: most pictures of data sets have none, and need not be looked at again. */
function jpegHasMetadata(bytes: Uint8Array): boolean {
  for (let at = 2; at + 4 <= bytes.length; ) {
    const marker = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0xff || marker === SOS) return false;
    if (marker === APP1 || marker === APP13) return true;
    at += marker === 0xff ? 1 : marker === SOI ? 2 : 2 + (bytes[at + 2] ?? 0) * 256 + (bytes[at + 3] ?? 0);
  }
  return false;
}

const METADATA_CHUNKS: ReadonlySet<string> = new Set(['eXIf', 'iTXt', 'zTXt', 'tEXt']);

function pngHasMetadata(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    if (METADATA_CHUNKS.has(String.fromCharCode(...bytes.subarray(at + 4, at + 8)))) return true;
  }
  return false;
}

/** The metadata of an encoded picture: what its directories and libvips tell of it, and nothing of what neither knows. */
export async function rawBlocks(bytes: Uint8Array): Promise<RawBlocks> {
  const format = sniffFormat(bytes);
  if (format === 'GIF' || (format === undefined && !beginsLikeTiff(bytes))) return {};
  if (format === 'JPEG' && !jpegHasMetadata(bytes)) return {};
  if (format === 'PNG' && !pngHasMetadata(bytes)) return {};
  // Whoever decodes a file that is damaged tells of it.
  const { exif, xmp, iptc } = await libvips()(bytes, { failOn: 'none', limitInputPixels: false })
    .metadata()
    .catch((): RawBlocks => ({}));
  // libvips tells nothing of the directories of a TIFF.
  return { exif: beginsLikeTiff(bytes) ? bytes : exif, xmp, iptc };
}
