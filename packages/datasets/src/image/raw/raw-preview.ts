import { jpegFrame } from '../jpeg-kind.ts';
import { DEVELOP, damaged, unsupported } from '../refusals.ts';
import { beginsLikeTiff } from '../tiff-reader.ts';
import { cr3Previews } from './cr3-previews.ts';
import { rafPreviews } from './raf-previews.ts';
import { isCr3, isRaf } from './raw-kind.ts';
import { tiffPreviews } from './tiff-previews.ts';
import { withOrientation } from './with-orientation.ts';

/** Bytes of a raw file that may be a preview. */
export interface PreviewRange {
  readonly start: number;
  readonly length: number;
  /** The file itself says so; makers' notes are left broken by programs that rewrite a file, and are not believed. */
  readonly certain: boolean;
}

/** What a raw file says of its previews. */
export interface RawPreviews {
  readonly ranges: readonly PreviewRange[];
  /** How the file is to be turned, 1 … 8; undefined where the preview itself says it. */
  readonly orientation: number | undefined;
  /** Whether the file ends before what describes it does. */
  readonly cut: boolean;
}

/** Processes that are decoded: baseline, extended, progressive. Raw data are JPEG of the lossless process in many formats. */
const LAST_PROCESS = 2;
const COMPONENTS: ReadonlySet<number> = new Set([1, 3]);

const NO_PREVIEW = 'a file of raw sensor data without an embedded JPEG preview';

interface Preview {
  readonly jpeg: Uint8Array;
  readonly pixels: number;
}

/**
 * The largest JPEG preview in a camera raw file, as a JPEG file that is turned as the raw file says.
 * @throws NeurodexError picture-unsupported where there is none, picture-damaged where the file ends too early
 */
export function rawPreview(bytes: Uint8Array, name: string): Uint8Array {
  const { ranges, orientation, cut } = previewsOf(bytes);
  const isCut = cut || ranges.some(({ start, length, certain }) => certain && start + length > bytes.length);
  if (isCut) throw damaged(name, 'camera raw', 'it ends too early', undefined);
  let best: Preview | undefined;
  for (const range of ranges) {
    const found = previewAt(bytes, range);
    if (found !== undefined && found.pixels > (best?.pixels ?? 0)) best = found;
  }
  if (best === undefined) throw unsupported(name, NO_PREVIEW, undefined, DEVELOP);
  return orientation === undefined ? best.jpeg : withOrientation(best.jpeg, orientation);
}

function previewsOf(bytes: Uint8Array): RawPreviews {
  if (isRaf(bytes)) return rafPreviews(bytes);
  if (isCr3(bytes)) return cr3Previews(bytes);
  return beginsLikeTiff(bytes) ? tiffPreviews(bytes) : { ranges: [], orientation: undefined, cut: false };
}

/** undefined where those bytes are no JPEG that can be decoded. */
function previewAt(bytes: Uint8Array, { start, length }: PreviewRange): Preview | undefined {
  if (start + length > bytes.length || bytes[start] !== 0xff || bytes[start + 1] !== 0xd8) return undefined;
  const jpeg = bytes.subarray(start, start + length);
  const frame = jpegFrame(jpeg);
  if (frame === undefined || frame.process > LAST_PROCESS || frame.precision !== 8) return undefined;
  if (!COMPONENTS.has(frame.components)) return undefined;
  return { jpeg, pixels: frame.width * frame.height };
}
