import { TiffReader } from '../tiff-reader.ts';
import type { PreviewRange } from './raw-preview.ts';

const MAKER_NOTE = 37500;
const CAMERA_SETTINGS = 0x2020;
const PREVIEW_START = 0x101;
const PREVIEW_LENGTH = 0x102;
/** How a maker's note begins whose offsets count from itself, and where its directory lies. */
const HEADERS: readonly (readonly [string, number])[] = [
  ['OLYMPUS\0II', 12],
  ['OLYMPUS\0MM', 12],
  ['OM SYSTEM\0\0\0II', 16],
  ['OM SYSTEM\0\0\0MM', 16],
];

/**
 * The preview that Olympus and OM System keep in the camera's settings within their maker's note.
 * @param exif offset of the EXIF directory
 */
export function olympusPreviews(bytes: Uint8Array, reader: TiffReader, exif: number): PreviewRange[] {
  try {
    const note = reader.directory(exif).fields.get(MAKER_NOTE);
    if (note === undefined) return [];
    const begin = Buffer.from(bytes.subarray(note.at, note.at + 16)).toString('latin1');
    const [header, offset] = HEADERS.find(([known]) => begin.startsWith(known)) ?? [];
    if (header === undefined || offset === undefined) return [];
    const inside = new TiffReader(bytes, note.at, header.endsWith('II'));
    const settings = inside.directory(offset).fields.get(CAMERA_SETTINGS);
    if (settings === undefined) return [];
    const at = settings.count === 1 ? settings.values[0] : settings.at;
    const { fields } = inside.directory(at ?? 0);
    const [start, length] = [PREVIEW_START, PREVIEW_LENGTH].map((tag) => fields.get(tag)?.values[0]);
    if (start === undefined || length === undefined) return [];
    return [{ start: note.at + start, length, certain: false }];
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}
