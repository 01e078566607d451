import { jpegSegments } from '../jpeg-kind.ts';

const APP1 = 0xe1;

/** An EXIF segment that holds an orientation and nothing else: a TIFF with one field of one directory. */
function exifSegment(orientation: number): Uint8Array {
  const segment = Buffer.alloc(36);
  segment.set([0xff, APP1, 0, 34]);
  segment.write('Exif\0\0MM\0*', 4, 'latin1');
  segment.writeUInt32BE(8, 14);
  segment.writeUInt16BE(1, 18);
  segment.writeUInt16BE(274, 20);
  segment.writeUInt16BE(3, 22);
  segment.writeUInt32BE(1, 24);
  segment.writeUInt16BE(orientation, 28);
  return segment;
}

/**
 * A JPEG file that is to be turned so, whatever its own EXIF says: of a preview the raw file around it knows better.
 * @param orientation of EXIF, 1 … 8
 */
export function withOrientation(jpeg: Uint8Array, orientation: number): Uint8Array {
  const parts: Uint8Array[] = [jpeg.subarray(0, 2), exifSegment(orientation)];
  let at = 2;
  for (const { marker, start, end } of jpegSegments(jpeg)) {
    const isExif = marker === APP1 && Buffer.from(jpeg.subarray(start + 4, start + 8)).toString('latin1') === 'Exif';
    if (!isExif) continue;
    parts.push(jpeg.subarray(at, start));
    at = end;
  }
  parts.push(jpeg.subarray(at));
  return Buffer.concat(parts);
}
