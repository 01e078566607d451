import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { Header } from 'tar';

export interface ZipPlan {
  readonly name: string;
  readonly content?: Uint8Array | string;
  /** Unix mode with the file type, in the attributes. */
  readonly mode?: number;
  /** Lies about the size or the checksum. */
  readonly claims?: { readonly bytes?: number; readonly crc?: number };
  readonly encrypted?: boolean;
  /** Compression that the entry says it has; its bytes are those of Deflate. */
  readonly method?: number;
  /** Number of an earlier entry whose bytes it names as its own. */
  readonly sharing?: number;
}

/** A zip archive with whatever is asked for, sound or not. */
export function makeZip(plans: readonly ZipPlan[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  const offsets: number[] = [];
  for (const { name, content = '', mode = 0o100644, claims = {}, encrypted = false, method = 8, sharing } of plans) {
    const bytes = Buffer.from(content);
    const packed = deflateRawSync(bytes);
    const rawName = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x0800 | (encrypted ? 1 : 0), 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(0x5a21_0000, 6);
    common.writeUInt32LE(claims.crc ?? crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(claims.bytes ?? bytes.length, 18);
    common.writeUInt16LE(rawName.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, rawName, packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(mode * 0x10000, 6);
    offsets.push(sharing === undefined ? offset : (offsets[sharing] as number));
    tail.writeUInt32LE(offsets.at(-1) as number, 10);
    const madeByUnix = Buffer.from([20, 3]);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02'), madeByUnix, common, tail, rawName]));
    if (sharing !== undefined) continue;
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(plans.length, 8);
  end.writeUInt16LE(plans.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, central, end]);
}

export interface TarPlan {
  readonly name: string;
  readonly content?: Uint8Array | string;
  readonly type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'FIFO';
  readonly linkpath?: string;
}

/** A tar archive with whatever is asked for. */
export function makeTar(plans: readonly TarPlan[], options: { gzip?: boolean; end?: boolean } = {}): Buffer {
  const blocks: Buffer[] = [];
  for (const { name, content = '', type = 'File', linkpath } of plans) {
    const bytes = Buffer.from(content);
    const header = new Header({
      path: name,
      type,
      size: type === 'File' ? bytes.length : 0,
      mode: 0o644,
      mtime: new Date(0),
      ...(linkpath === undefined ? {} : { linkpath }),
    });
    header.encode();
    blocks.push(header.block ?? Buffer.alloc(512), bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512));
  }
  if (options.end !== false) blocks.push(Buffer.alloc(1024));
  const tar = Buffer.concat(blocks);
  return options.gzip ? gzipSync(tar) : tar;
}
