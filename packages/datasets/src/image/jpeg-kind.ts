/** Markers without a segment behind them (ISO/IEC 10918-1 §B.1.1.3): TEM, RST0 … RST7, SOI. */
const alone = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
/** Start of frame of any process; C4, C8 and CC are other things. */
const startsFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
/** Start of scan: compressed data follow. */
const SCAN = 0xda;

/** What the frame header of a JPEG file says (§B.2.2). */
export interface JpegFrame {
  /** 0 baseline, 1 extended, 2 progressive, 3 lossless … */
  readonly process: number;
  /** Bits of a sample. */
  readonly precision: number;
  readonly width: number;
  readonly height: number;
  readonly components: number;
}

/** A segment in front of the compressed data. */
export interface JpegSegment {
  readonly marker: number;
  /** Offset of its marker. */
  readonly start: number;
  /** Offset behind it. */
  readonly end: number;
}

/** The segments up to the first scan, as far as they follow one another. */
export function* jpegSegments(bytes: Uint8Array): Generator<JpegSegment> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 2; at + 4 < bytes.length && bytes[at] === 0xff; ) {
    const marker = view.getUint8(at + 1);
    // 0xFF may be repeated before a marker.
    if (marker === 0xff) at += 1;
    else if (alone(marker)) at += 2;
    else {
      const end = at + 2 + view.getUint16(at + 2);
      yield { marker, start: at, end };
      if (marker === SCAN) return;
      at = end;
    }
  }
}

/** The frame header of a JPEG file; undefined where it is not found. */
export function jpegFrame(bytes: Uint8Array): JpegFrame | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (const { marker, start } of jpegSegments(bytes)) {
    if (!startsFrame(marker)) continue;
    if (start + 10 > bytes.length) return undefined;
    return {
      process: marker - 0xc0,
      precision: view.getUint8(start + 4),
      height: view.getUint16(start + 5),
      width: view.getUint16(start + 7),
      components: view.getUint8(start + 9),
    };
  }
  return undefined;
}
