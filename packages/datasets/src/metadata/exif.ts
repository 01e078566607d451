import { beginsLikeTiff, type TiffDirectory, TiffReader } from '../image/tiff-reader.ts';
import { exifTime } from './local-times.ts';
import { cameraOf, type MetadataBlock, type Position, positionOf, trimmed } from './picture-metadata.ts';
import { textOf } from './text.ts';

const IMAGE = { description: 0x010e, make: 0x010f, model: 0x0110, exif: 0x8769, gps: 0x8825 } as const;
const PHOTO = {
  taken: 0x9003,
  digitised: 0x9004,
  takenOffset: 0x9011,
  digitisedOffset: 0x9012,
  takenFraction: 0x9291,
  digitisedFraction: 0x9292,
} as const;
const GPS = { latitudeRef: 1, latitude: 2, longitudeRef: 3, longitude: 4 } as const;

/** What cameras write into every picture. */
const NO_DESCRIPTION = /^(.*\bdigital camera\b.*|sony dsc|dcim\b.*|untitled|default|image|picture|binary.*)$/i;

/** EXIF as it lies in a file: with or without the mark in front of it. */
function withoutMark(bytes: Uint8Array): Uint8Array {
  const hasMark = bytes[0] === 0x45 && bytes[1] === 0x78 && bytes[2] === 0x69 && bytes[3] === 0x66;
  return hasMark ? bytes.subarray(6) : bytes;
}

const NOTHING: TiffDirectory = { fields: new Map(), isCut: false, next: () => 0 };

/** @param bytes EXIF, or a whole TIFF file @throws RangeError for damaged ones */
export function readExif(bytes: Uint8Array): MetadataBlock {
  const tiff = withoutMark(bytes);
  if (!beginsLikeTiff(tiff)) throw new RangeError('it does not begin like a TIFF');
  const reader = new TiffReader(tiff);
  const image = reader.directory(reader.first());
  const below = (tag: number): TiffDirectory => {
    const offset = image.fields.get(tag)?.values[0];
    return offset === undefined ? NOTHING : reader.directory(offset);
  };
  const [photo, gps] = [below(IMAGE.exif), below(IMAGE.gps)];
  // Raw files have the times in their first directory (TIFF/EP).
  const text = (tag: number): string | undefined => textIn(photo, tag) ?? textIn(image, tag);
  const description = trimmed(textIn(image, IMAGE.description));
  const block = {
    taken: exifTime(text(PHOTO.taken), text(PHOTO.takenFraction), text(PHOTO.takenOffset)),
    digitised: exifTime(text(PHOTO.digitised), text(PHOTO.digitisedFraction), text(PHOTO.digitisedOffset)),
    position: positionIn(gps),
    camera: cameraOf(textIn(image, IMAGE.make), textIn(image, IMAGE.model)),
    description: description === undefined || NO_DESCRIPTION.test(description) ? undefined : description,
  };
  const isEmpty = Object.values(block).every((value) => value === undefined);
  const isCut = isAskedCut(image, IMAGE, PHOTO) || isAskedCut(photo, PHOTO) || isAskedCut(gps, GPS);
  if (isEmpty && isCut) throw new RangeError('it is cut off');
  return block;
}

/** Whether something that is asked for lies behind the end. */
const isAskedCut = (directory: TiffDirectory, ...tags: readonly Readonly<Record<string, number>>[]): boolean =>
  directory.isCut ||
  tags.some((table) => Object.values(table).some((tag) => directory.fields.get(tag)?.isCut ?? false));

/** Types that hold text: ASCII, undefined, UTF-8. */
const TEXT_TYPES: readonly number[] = [2, 7, 129];

/** The text of a field up to its first NUL. */
function textIn({ fields }: TiffDirectory, tag: number): string | undefined {
  const field = fields.get(tag);
  if (field?.bytes === undefined || field.count === 0 || !TEXT_TYPES.includes(field.type)) return undefined;
  const end = field.bytes.indexOf(0);
  return textOf(field.bytes.subarray(0, end < 0 ? undefined : end));
}

function positionIn(gps: TiffDirectory): Position | undefined {
  const degrees = (tag: number, refTag: number, negative: string): number | undefined => {
    // A camera without a fix writes fractions of nothing.
    const known = (value: number | undefined): number | undefined => (Number.isNaN(value) ? undefined : value);
    const [whole, minutes = 0, seconds = 0] = (gps.fields.get(tag)?.values ?? []).map(known);
    if (whole === undefined) return undefined;
    const value = whole + minutes / 60 + seconds / 3600;
    return textIn(gps, refTag)?.trim().toUpperCase() === negative ? -value : value;
  };
  return positionOf(degrees(GPS.latitude, GPS.latitudeRef, 'S'), degrees(GPS.longitude, GPS.longitudeRef, 'W'));
}
