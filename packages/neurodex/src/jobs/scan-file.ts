import { open } from 'node:fs/promises';

/** Bytes that are looked for. */
export interface Needle {
  readonly what: 'name' | 'file' | 'digest' | 'thumbnail' | 'pixels';
  readonly bytes: Uint8Array;
  /** It counts only where no letter, digit or mark of a name stands before or behind it. */
  readonly whole?: true;
}

export interface Scan {
  /** Bytes that were read. */
  readonly bytes: number;
  /** Of each needle that is there, the first place. */
  readonly hits: readonly { readonly needle: Needle; readonly at: number }[];
}

const PIECE = 1 << 24;

/** Reads a whole file, and looks for bytes in it, over the borders of what is read at a time too. */
export async function scanFile(path: string, needles: readonly Needle[]): Promise<Scan> {
  const longest = needles.reduce((most, { bytes }) => Math.max(most, bytes.length), 1);
  const buffer = Buffer.alloc(PIECE + longest - 1);
  const found = new Map<Needle, number>();
  const file = await open(path);
  try {
    let read = 0;
    // What a needle may begin in is kept from one piece to the next.
    for (let kept = 0; ; ) {
      const { bytesRead } = await file.read(buffer, kept, buffer.length - kept, read);
      if (bytesRead === 0) break;
      const filled = kept + bytesRead;
      const piece = buffer.subarray(0, filled);
      for (const needle of needles) {
        if (found.has(needle) || needle.bytes.length === 0) continue;
        const at = placeIn(piece, needle);
        if (at >= 0) found.set(needle, read - kept + at);
      }
      read += bytesRead;
      kept = Math.min(longest - 1, filled);
      buffer.copyWithin(0, filled - kept, filled);
    }
    return { bytes: read, hits: [...found].map(([needle, at]) => ({ needle, at })) };
  } finally {
    await file.close();
  }
}

/** −1 where it is not there. */
function placeIn(piece: Buffer, { bytes, whole }: Needle): number {
  for (let at = piece.indexOf(bytes); at >= 0; at = piece.indexOf(bytes, at + 1)) {
    if (whole === undefined || !(isOfName(piece[at - 1]) || isOfName(piece[at + bytes.length]))) return at;
  }
  return -1;
}

/** Letters and digits, and what may stand between them in a path. */
const isOfName = (byte: number | undefined): boolean => byte !== undefined && /[\w./-]/.test(String.fromCharCode(byte));
