import { CHUNK_BYTES, damaged } from '@neurodex/core/storage';
import { pictureBytes } from '@neurodex/datasets/picture';
import type { CatalogueFiles } from './catalogue-files.ts';
import type { CatalogueManifest } from './catalogue-manifest.ts';

/** All pixels of a version, and which part each of them is of; without the version, because one is not to hold another. */
export interface KnownPixels {
  readonly parts: CatalogueManifest['parts'];
  /** uint8 [rows, size, size, 3] */
  readonly pixels: Uint8Array;
}

/**
 * The pixels of a catalogue: those of one row are read by themselves until somebody asks for all. They are most of the memory of
 * an index, and searching with the network reads none of them.
 */
export class StoredPixels {
  private readonly files: CatalogueFiles;
  private own: Uint8Array | undefined;
  private before: KnownPixels | undefined;

  /** @param before of another version: what both have is not read and compared again */
  constructor(files: CatalogueFiles, before: KnownPixels | undefined) {
    this.files = files;
    this.before = before;
  }

  /** uint8 [rows, size, size, 3] @throws NeurodexError `index-damaged` */
  get all(): Uint8Array {
    if (this.own === undefined) {
      this.own = readPixels(this.files, this.before);
      this.before = undefined;
    }
    return this.own;
  }

  /** What the next version need not read: of this one or, where nobody has asked this one, of an earlier one. */
  get known(): KnownPixels | undefined {
    return this.own === undefined ? this.before : { parts: this.files.manifest.parts, pixels: this.own };
  }

  /** uint8 [size, size, 3] @throws NeurodexError `index-damaged` */
  of(row: number): Uint8Array {
    const { manifest, columns } = this.files;
    const bytes = pictureBytes(manifest.size);
    if (this.own !== undefined) return this.own.subarray(row * bytes, (row + 1) * bytes);
    const picture = new Uint8Array(bytes);
    columns.pixels?.readSync(picture, row * bytes);
    return picture;
  }
}

/** Bytes that are read at a time. */
const PIECE = 64 * CHUNK_BYTES;

function readPixels({ folder, manifest, columns: { pixels } }: CatalogueFiles, before?: KnownPixels): Uint8Array {
  const bytes = pixels?.byteLength ?? 0;
  let all: Uint8Array;
  try {
    // Training shows pictures on other threads, which read them where they are.
    all = new Uint8Array(new SharedArrayBuffer(bytes));
  } catch (error) {
    throw damaged(folder, `holds ${bytes} bytes of pixels, more than this process may have in memory`, error);
  }
  const known = new Map(before === undefined ? [] : byDigest(before));
  let start = 0;
  for (const part of manifest.parts) {
    const end = start + part.pixels.bytes;
    const same = known.get(part.pixels.sha256);
    if (same?.length === part.pixels.bytes) all.set(same, start);
    else for (let at = start; at < end; at += PIECE) pixels?.readSync(all.subarray(at, Math.min(at + PIECE, end)), at);
    start = end;
  }
  return all;
}

/** The pixels of each part, by the digest of its file. */
function* byDigest({ parts, pixels }: KnownPixels): Generator<[string, Uint8Array]> {
  let start = 0;
  for (const { pixels: file } of parts) {
    yield [file.sha256, pixels.subarray(start, start + file.bytes)];
    start += file.bytes;
  }
}
