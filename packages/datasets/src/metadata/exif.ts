import { exifTime } from './local-times.ts';
import { cameraOf, type MetadataBlock, type Position, positionOf, trimmed } from './picture-metadata.ts';
import { entryText, type TiffDirectory, TiffReader } from './tiff-entries.ts';

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

const tagsOf = (...tables: readonly Readonly<Record<string, number>>[]): ReadonlySet<number> =>
  new Set(tables.flatMap((table) => Object.values(table)));
/** Raw files have the times in their first directory (TIFF/EP). */
const IMAGE_TAGS = tagsOf(IMAGE, PHOTO);
const PHOTO_TAGS = tagsOf(PHOTO);
const GPS_TAGS = tagsOf(GPS);

/** What cameras write into every picture. */
const NO_DESCRIPTION = /^(.*\bdigital camera\b.*|sony dsc|dcim\b.*|untitled|default|image|picture|binary.*)$/i;

/** EXIF as it lies in a file: with or without the mark in front of it. */
function withoutMark(bytes: Uint8Array): Uint8Array {
  const hasMark = bytes[0] === 0x45 && bytes[1] === 0x78 && bytes[2] === 0x69 && bytes[3] === 0x66;
  return hasMark ? bytes.subarray(6) : bytes;
}

/** @param bytes EXIF, or a whole TIFF file @throws RangeError for damaged ones */
export function readExif(bytes: Uint8Array): MetadataBlock {
  const reader = new TiffReader(withoutMark(bytes));
  const image = reader.directory(reader.first, IMAGE_TAGS);
  const below = (tag: number, wanted: ReadonlySet<number>): TiffDirectory => {
    const offset = reader.number(image.get(tag));
    return offset === undefined ? new Map() : reader.directory(offset, wanted);
  };
  const photo = below(IMAGE.exif, PHOTO_TAGS);
  const gps = below(IMAGE.gps, GPS_TAGS);
  const text = (tag: number): string | undefined => entryText(photo.get(tag)) ?? entryText(image.get(tag));
  const description = trimmed(entryText(image.get(IMAGE.description)));
  const block = {
    taken: exifTime(text(PHOTO.taken), text(PHOTO.takenFraction), text(PHOTO.takenOffset)),
    digitised: exifTime(text(PHOTO.digitised), text(PHOTO.digitisedFraction), text(PHOTO.digitisedOffset)),
    position: positionIn(reader, gps),
    camera: cameraOf(entryText(image.get(IMAGE.make)), entryText(image.get(IMAGE.model))),
    description: description === undefined || NO_DESCRIPTION.test(description) ? undefined : description,
  };
  const isEmpty = Object.values(block).every((value) => value === undefined);
  if (isEmpty && reader.isCutOff) throw new RangeError('it is cut off');
  return block;
}

function positionIn(reader: TiffReader, gps: TiffDirectory): Position | undefined {
  const degrees = (tag: number, refTag: number, negative: string): number | undefined => {
    const entry = gps.get(tag);
    const [whole, minutes = 0, seconds = 0] = [0, 1, 2].map((at) => reader.number(entry, at));
    if (whole === undefined) return undefined;
    const value = whole + minutes / 60 + seconds / 3600;
    return entryText(gps.get(refTag))?.trim().toUpperCase() === negative ? -value : value;
  };
  return positionOf(degrees(GPS.latitude, GPS.latitudeRef, 'S'), degrees(GPS.longitude, GPS.longitudeRef, 'W'));
}
