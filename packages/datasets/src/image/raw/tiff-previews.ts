import { type TiffDirectory, TiffReader } from '../tiff-reader.ts';
import { directoriesOf } from './directories.ts';
import { olympusPreviews } from './olympus-previews.ts';
import { isSensorData } from './raw-kind.ts';
import type { PreviewRange, RawPreviews } from './raw-preview.ts';

/** Tags of TIFF 6.0 and EXIF, and Panasonic's own. */
const TAG = {
  panasonicJpeg: 0x2e,
  compression: 259,
  stripOffsets: 273,
  orientation: 274,
  stripBytes: 279,
  jpegOffset: 513,
  jpegBytes: 514,
  exif: 34665,
} as const;
/** Compressions of a JPEG stream: old-style and new. */
const JPEG: ReadonlySet<number> = new Set([6, 7]);

/** Previews of raw files that are TIFF: CR2, NEF, ARW, DNG, PEF, RW2, ORF and others. */
export function tiffPreviews(bytes: Uint8Array): RawPreviews {
  const reader = new TiffReader(bytes);
  const { directories, cut } = directoriesOf(reader);
  const [main] = directories;
  const ranges = directories.flatMap((directory) => previewsIn(directory));
  const exif = directories.map((directory) => one(directory, TAG.exif)).find((offset) => offset !== undefined);
  return {
    ranges: exif === undefined ? ranges : [...ranges, ...olympusPreviews(bytes, reader, exif)],
    orientation: main === undefined ? undefined : orientationOf(main),
    cut,
  };
}

export function orientationOf(directory: TiffDirectory): number | undefined {
  const value = one(directory, TAG.orientation);
  return value !== undefined && value >= 1 && value <= 8 ? value : undefined;
}

const one = ({ fields }: TiffDirectory, tag: number): number | undefined => fields.get(tag)?.values[0];

function previewsIn(directory: TiffDirectory): PreviewRange[] {
  const found: PreviewRange[] = [];
  const add = (start: number | undefined, length: number | undefined): void => {
    if (start !== undefined && length !== undefined && length > 0) found.push({ start, length, certain: true });
  };
  add(one(directory, TAG.jpegOffset), one(directory, TAG.jpegBytes));
  const embedded = directory.fields.get(TAG.panasonicJpeg);
  add(embedded?.at, embedded?.count);
  const strips = directory.fields.get(TAG.stripOffsets);
  // The raw data themselves may be JPEG, and in tiles or strips; a preview is one stream.
  if (!JPEG.has(one(directory, TAG.compression) ?? 0) || strips?.count !== 1 || isSensorData(directory)) return found;
  add(strips.values[0], one(directory, TAG.stripBytes));
  return found;
}
