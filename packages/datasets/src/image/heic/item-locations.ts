import type { Box } from '../boxes.ts';

/** A whole number of so many bytes; of none it is 0. @throws RangeError behind the end of the box */
function uint(view: DataView, at: number, width: number): number {
  let value = 0;
  for (let i = 0; i < width; i++) value = value * 256 + view.getUint8(at + i);
  return value;
}

/**
 * Offset behind the last byte of the coded data of some items, as box `iloc` has it (ISO/IEC 14496-12 §8.11.3): a file that is shorter
 * was cut. Data that lie within `meta` or another file do not count.
 * @throws RangeError where the box ends too early
 */
export function endOfData(bytes: Uint8Array, { start, end }: Box, items: ReadonlySet<number>): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, end);
  const version = view.getUint8(start);
  const [offsetSize, lengthSize] = halves(view.getUint8(start + 4));
  const [baseSize, indexSize] = halves(view.getUint8(start + 5));
  const idSize = version < 2 ? 2 : 4;
  let at = start + 6 + idSize;
  let last = 0;
  for (let left = uint(view, start + 6, idSize); left > 0; left--) {
    const id = uint(view, at, idSize);
    at += idSize;
    const method = version === 0 ? 0 : view.getUint16(at) % 16;
    if (version > 0) at += 2;
    const isHere = method === 0 && view.getUint16(at) === 0 && items.has(id);
    const base = uint(view, at + 2, baseSize);
    at += 2 + baseSize;
    const extents = view.getUint16(at);
    at += 2;
    for (let i = 0; i < extents; i++) {
      at += version === 0 ? 0 : indexSize;
      const reach = base + uint(view, at, offsetSize) + uint(view, at + offsetSize, lengthSize);
      at += offsetSize + lengthSize;
      if (isHere) last = Math.max(last, reach);
    }
  }
  return last;
}

const halves = (byte: number): readonly [number, number] => [byte >> 4, byte % 16];
