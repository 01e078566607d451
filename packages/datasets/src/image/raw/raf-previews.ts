import type { RawPreviews } from './raw-preview.ts';

/** Where Fujifilm's header says where its JPEG is, and how long. */
const JPEG_OFFSET = 84;
const JPEG_LENGTH = 88;

/** The JPEG file in a RAF file; it says itself how it is to be turned. */
export function rafPreviews(bytes: Uint8Array): RawPreviews {
  if (bytes.length < JPEG_LENGTH + 4) return { ranges: [], orientation: undefined, cut: true };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [start, length] = [view.getUint32(JPEG_OFFSET), view.getUint32(JPEG_LENGTH)];
  return { ranges: length === 0 ? [] : [{ start, length, certain: true }], orientation: undefined, cut: false };
}
