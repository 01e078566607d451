import { type Box, boxesIn, boxOf } from '../boxes.ts';
import { TiffReader } from '../tiff-reader.ts';
import type { PreviewRange, RawPreviews } from './raw-preview.ts';
import { orientationOf } from './tiff-previews.ts';

/** Canon's boxes are of the type `uuid`: that of the metadata in `moov`, and that of the preview. */
const METADATA = '85c0b687820f11e08111f4ce462b6a48';
const PREVIEW = 'eaf42b5e1c984b88b9fbb7dc406e4d16';
const UUID_BYTES = 16;

/**
 * Previews of Canon's CR3, which is an ISO base media file: the one of `PRVW` with up to 1620 × 1080 pixels, and the track whose
 * sample is a JPEG of full size (Laurent Clévy, "Canon CR3 format", github.com/lclevy/canon_cr3).
 */
export function cr3Previews(bytes: Uint8Array): RawPreviews {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const top = boxesIn(bytes, 0, bytes.length);
  const moov = boxOf(top, 'moov');
  const inside = moov === undefined ? [] : boxesIn(bytes, moov.start, moov.end);
  try {
    const tracks = inside.filter(({ type }) => type === 'trak').flatMap((box) => jpegTrack(bytes, view, box));
    const preview = uuidBox(bytes, top, PREVIEW);
    return {
      ranges: [...tracks, ...(preview === undefined ? [] : previewIn(bytes, view, preview))],
      orientation: orientationIn(bytes, uuidBox(bytes, inside, METADATA)),
      cut: top.some((box) => box.cut),
    };
  } catch (error) {
    if (error instanceof RangeError) return { ranges: [], orientation: undefined, cut: true };
    throw error;
  }
}

const uuidBox = (bytes: Uint8Array, boxes: readonly Box[], uuid: string): Box | undefined =>
  boxes.find(
    ({ type, start }) =>
      type === 'uuid' && Buffer.from(bytes.subarray(start, start + UUID_BYTES)).toString('hex') === uuid,
  );

/** In `CMT1`, a TIFF of which only the directory is there. */
function orientationIn(bytes: Uint8Array, metadata: Box | undefined): number | undefined {
  if (metadata === undefined) return undefined;
  const box = boxOf(boxesIn(bytes, metadata.start + UUID_BYTES, metadata.end), 'CMT1');
  if (box === undefined) return undefined;
  const reader = new TiffReader(bytes, box.start);
  return orientationOf(reader.directory(reader.first()));
}

/** Behind the uuid 8 bytes, then `PRVW`: 4 + 2 bytes, width, height, 2 bytes, the length of the JPEG, the JPEG. */
function previewIn(bytes: Uint8Array, view: DataView, outer: Box): PreviewRange[] {
  const box = boxOf(boxesIn(bytes, outer.start + UUID_BYTES + 8, outer.end), 'PRVW');
  if (box === undefined) return [];
  return [{ start: box.start + 16, length: view.getUint32(box.start + 12), certain: true }];
}

const TABLES = ['mdia', 'minf', 'stbl'] as const;

/** The one sample of a track whose description is a `CRAW` with a box `JPEG` in it. */
function jpegTrack(bytes: Uint8Array, view: DataView, track: Box): PreviewRange[] {
  let boxes = boxesIn(bytes, track.start, track.end);
  for (const type of TABLES) {
    const box = boxOf(boxes, type);
    if (box === undefined) return [];
    boxes = boxesIn(bytes, box.start, box.end);
  }
  const [description, sizes, offsets] = ['stsd', 'stsz', 'co64'].map((type) => boxOf(boxes, type));
  if (description === undefined || sizes === undefined || offsets === undefined) return [];
  const entry = boxOf(boxesIn(bytes, description.start + 8, description.end), 'CRAW');
  if (entry === undefined) return [];
  // A visual sample entry has 78 bytes in front of its boxes; Canon's has four more.
  const inside = boxesIn(bytes, entry.start + 82, entry.end);
  if (boxOf(inside, 'JPEG') === undefined) return [];
  const size = view.getUint32(sizes.start + 4);
  const length = size === 0 ? view.getUint32(sizes.start + 12) : size;
  return [{ start: Number(view.getBigUint64(offsets.start + 8)), length, certain: true }];
}
