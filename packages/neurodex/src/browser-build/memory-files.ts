import { MANIFEST_FILE, manifestText } from '../artifact/catalogue-layout.ts';
import type { CatalogueManifest } from '../artifact/catalogue-manifest.ts';
import type { CatalogueTarget } from '../artifact/part-writer.ts';
import type { DigestedFile } from '../artifact/table-writer.ts';

/** As `CHUNK_BYTES` of @neurodex/core/storage, which a browser cannot load; a test compares them. */
export const CHUNK_BYTES = 1 << 18;

const hexadecimal = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** SHA-256 of bytes by Web Cryptography, which browsers have on pages that came securely. */
const sha256 = async (bytes: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes)));

/** Size and SHA-256 (hexadecimal) of bytes, as a manifest lists them. */
export const digestOfBytes = async (bytes: Uint8Array) => ({
  bytes: bytes.length,
  sha256: hexadecimal(await sha256(bytes)),
});

/** A file in memory that grows at its end. */
export class MemoryFile implements DigestedFile {
  private readonly pieces: Uint8Array[] = [];
  private length = 0;

  get bytes(): number {
    return this.length;
  }

  async append(bytes: Uint8Array): Promise<void> {
    // The bytes are the caller's, who goes on to write into them.
    this.pieces.push(bytes.slice());
    this.length += bytes.length;
  }

  async finish() {
    const content = this.content;
    const chunks = new Uint8Array(32 * Math.ceil(content.length / CHUNK_BYTES));
    for (let at = 0, chunk = 0; at < content.length; at += CHUNK_BYTES, chunk++)
      chunks.set(await sha256(content.subarray(at, at + CHUNK_BYTES)), 32 * chunk);
    return { ...(await digestOfBytes(content)), chunks: btoa(String.fromCharCode(...chunks)) };
  }

  async close(): Promise<void> {}

  get content(): Uint8Array {
    const content = new Uint8Array(this.length);
    let at = 0;
    for (const piece of this.pieces) {
      content.set(piece, at);
      at += piece.length;
    }
    return content;
  }
}

/** A catalogue whose files are in memory until they are handed on: those of one part, as a rule. */
export class MemoryTarget implements CatalogueTarget {
  private readonly files = new Map<string, MemoryFile>();
  private readonly write: (name: string, bytes: Uint8Array) => Promise<void>;

  /** @param write is given each file when it is complete */
  constructor(write: (name: string, bytes: Uint8Array) => Promise<void>) {
    this.write = write;
  }

  async create(name: string): Promise<DigestedFile> {
    const file = new MemoryFile();
    this.files.set(name, file);
    return file;
  }

  async rename(from: string, to: string): Promise<void> {
    const file = this.files.get(from);
    if (file === undefined) throw new RangeError(`there is no ${from}`);
    this.files.delete(from);
    await this.write(to, file.content);
  }

  describe(manifest: CatalogueManifest): Promise<void> {
    return this.write(MANIFEST_FILE, new TextEncoder().encode(manifestText(manifest)));
  }
}
