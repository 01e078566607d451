/** Markers without a segment behind them (ISO/IEC 10918-1 §B.1.1.3): TEM, RST0 … RST7, SOI. */
const alone = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
/** Start of frame of any process; C4, C8 and CC are other things. */
const startsFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/** Bits of a sample that a JPEG file announces; undefined where its frame is not found. */
export function jpegPrecision(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 2; at + 4 < bytes.length && bytes[at] === 0xff; ) {
    const marker = view.getUint8(at + 1);
    if (startsFrame(marker)) return bytes[at + 4];
    // 0xFF may be repeated before a marker.
    if (marker === 0xff) at += 1;
    else if (alone(marker)) at += 2;
    else at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}
