import type { ByteSource } from '@neurodex/core/storage';
import { Header, Pax } from 'tar';

/** A file in a tar archive that is not compressed: its bytes lie in one piece. */
export interface TarMember {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** The archive cannot be read on from there. */
export class TarDamage extends Error {}

const BLOCK = 512;
/** Bytes that are read at a time: the small files of a sample lie beside each other. */
const WINDOW = 1 << 16;
/** Names longer than this are no names. */
const LARGEST_HEADER = 1 << 20;

const FILES: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile']);

/**
 * The files of a tar archive in its order (ustar, pax and GNU names), by their headers: contents are passed over, not read.
 * @throws TarDamage where a header makes no sense or the archive breaks off; errors of the source as they are
 */
export async function* tarMembers(source: ByteSource): AsyncGenerator<TarMember, void, undefined> {
  const window = new Window(source);
  let extended: Pax | undefined;
  let global: Pax | undefined;
  let longName: string | undefined;
  for (let at = 0; at < source.byteLength; ) {
    const header = headerOf(await window.bytes(at, BLOCK), extended, global, at);
    // What is behind the end does not count.
    if (header === undefined) return;
    const { type, size = 0, path = '' } = header;
    const offset = at + BLOCK;
    at = offset + Math.ceil(size / BLOCK) * BLOCK;
    if (!(size >= 0 && offset + size <= source.byteLength)) throw new TarDamage(`is cut off behind byte ${offset}`);
    if (type === 'ExtendedHeader' || type === 'GlobalExtendedHeader' || /^(?:NextFileHas|OldGnu)Long/.test(type)) {
      if (size > LARGEST_HEADER) throw new TarDamage(`has a header of ${size} bytes at byte ${offset}`);
      const text = Buffer.from(await window.bytes(offset, size)).toString('utf8');
      if (type === 'ExtendedHeader') extended = Pax.parse(text, extended, false);
      else if (type === 'GlobalExtendedHeader') global = Pax.parse(text, global, true);
      else if (!/Link/.test(type)) longName = text.replace(/\0.*$/s, '');
      continue;
    }
    if (FILES.has(type)) {
      // A header puts its own prefix before the name of an extended header, which is whole.
      yield { name: longName ?? extended?.path ?? path, offset, size };
    }
    extended = undefined;
    longName = undefined;
  }
}

function headerOf(
  block: Uint8Array,
  extended: Pax | undefined,
  global: Pax | undefined,
  at: number,
): Header | undefined {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.length);
  let header: Header;
  try {
    header = new Header(bytes, 0, extended, global);
  } catch {
    throw new TarDamage(`has a header that makes no sense at byte ${at}`);
  }
  if (header.nullBlock) return undefined;
  if (!header.cksumValid) throw new TarDamage(`has a header with another checksum than it says at byte ${at}`);
  return header;
}

class Window {
  private readonly source: ByteSource;
  private start = 0;
  private held = new Uint8Array();

  constructor(source: ByteSource) {
    this.source = source;
  }

  async bytes(start: number, length: number): Promise<Uint8Array> {
    const end = start + length;
    if (end > this.source.byteLength) throw new TarDamage(`is cut off behind byte ${start}`);
    if (start < this.start || end > this.start + this.held.length) {
      const until = Math.min(this.source.byteLength, Math.max(end, start + WINDOW));
      this.held = new Uint8Array(await this.source.slice(start, until));
      this.start = start;
    }
    return this.held.subarray(start - this.start, end - this.start);
  }
}
