import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type CatalogueManifest, damaged, unreadable } from './manifest.ts';

/**
 * What an encoder makes of every picture: float32 [rows, 1 + views, P, C] in a file. It is read row by row and never held:
 * patch tokens of many pictures are larger than memory.
 */
export class Embeddings {
  /** P, tokens of one picture; 1 for a pooled vector. */
  readonly tokens: number;
  /** C */
  readonly channels: number;
  /** Augmented views beside the clean picture. */
  readonly views: number;
  /** SHA-256 of the encoder. */
  readonly encoder: string;
  readonly path: string;

  /** @param folder of the catalogue */
  constructor(folder: string, listed: NonNullable<CatalogueManifest['embeddings']>) {
    this.tokens = listed.tokens;
    this.channels = listed.channels;
    this.views = listed.views;
    this.encoder = listed.encoder;
    this.path = join(folder, listed.file);
  }

  /** Place in the file of a picture: the clean one is view 0, and 1 … `views` are augmented. */
  place(row: number, view: number): number {
    return row * (1 + this.views) + view;
  }

  /** The clean picture's, float32 [P, C]. @throws NeurodexError `index-missing`, `index-damaged` */
  read(row: number): Float32Array {
    const out = new Float32Array(this.tokens * this.channels);
    readEmbeddings(this.path, [this.place(row, 0)], new Uint8Array(out.buffer), 0, out.byteLength);
    return out;
  }
}

/**
 * Embeddings at some places of a file, one after another.
 * @param target bytes of float32 [B, P, C], in which they stand from the `first` one on
 * @param size bytes of one of them
 * @throws NeurodexError `index-missing`, `index-damaged`
 */
export function readEmbeddings(
  path: string,
  places: readonly number[],
  target: Uint8Array,
  first: number,
  size: number,
): void {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw unreadable(error, path);
  }
  try {
    for (const [i, place] of places.entries()) {
      const got = readSync(file, target, (first + i) * size, size, place * size);
      if (got !== size) throw damaged(path, 'is shorter than it was');
    }
  } finally {
    closeSync(file);
  }
}
