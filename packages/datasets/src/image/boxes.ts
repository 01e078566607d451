/** A box of an ISO base media file (ISO/IEC 14496-12 §4.2). */
export interface Box {
  /** Four characters. */
  readonly type: string;
  /** Offset of its contents, behind its header. */
  readonly start: number;
  /** Offset behind its last byte; never behind the bytes that are there. */
  readonly end: number;
  /** Whether the file ends before the box does. */
  readonly cut: boolean;
}

/** Boxes at one level that are looked at: more than any file has. */
const MOST_BOXES = 20_000;

const text = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));

/**
 * The boxes between two offsets. A box that ends behind `end` is the last one, and marked as cut; bytes that are no box end the list,
 * for programs leave data of their own behind the end of a file.
 */
export function boxesIn(bytes: Uint8Array, start: number, end: number): Box[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const boxes: Box[] = [];
  for (let at = start; at + 8 <= end && boxes.length < MOST_BOXES; ) {
    const stated = view.getUint32(at);
    const header = stated === 1 ? 16 : 8;
    if (at + header > end) break;
    // 1: a size of 64 bits follows; 0: up to the end.
    const size = stated === 1 ? Number(view.getBigUint64(at + 8)) : stated === 0 ? end - at : stated;
    if (size < header) break;
    boxes.push({
      type: text(bytes, at + 4),
      start: at + header,
      end: Math.min(at + size, end),
      cut: at + size > end,
    });
    at += size;
  }
  return boxes;
}

/** The first box of that type. */
export const boxOf = (boxes: readonly Box[], type: string): Box | undefined => boxes.find((box) => box.type === type);

/** The brands of an ISO base media file (§4.3): the major brand, then the compatible ones; none of another file. */
export function brandsOf(bytes: Uint8Array): string[] {
  if (bytes.length < 16 || text(bytes, 4) !== 'ftyp') return [];
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const found = [text(bytes, 8)];
  for (let at = 16; at + 4 <= Math.min(length, bytes.length, 256); at += 4) found.push(text(bytes, at));
  return found;
}
