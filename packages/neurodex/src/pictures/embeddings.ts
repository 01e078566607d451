import type { JoinedFile } from '@neurodex/core/storage';
import { damaged } from '@neurodex/core/storage';

/** What a file of embeddings holds. */
export interface EmbeddingFacts {
  /** P, tokens of one picture; 1 for a pooled vector. */
  readonly tokens: number;
  /** C */
  readonly channels: number;
  /** Augmented views beside the clean picture. */
  readonly views: number;
  /** SHA-256 of the encoder. */
  readonly encoder: string;
}

/** The embeddings of pictures, by the row. */
export type EmbeddingRows = Pick<Embeddings, keyof EmbeddingFacts | 'place' | 'read' | 'readInto'>;

/**
 * What an encoder makes of every picture: float32 [rows, 1 + views, P, C] in files. It is read row by row and never held:
 * patch tokens of many pictures are larger than memory.
 */
export class Embeddings implements EmbeddingFacts {
  readonly tokens: number;
  readonly channels: number;
  readonly views: number;
  readonly encoder: string;
  private readonly file: JoinedFile;

  constructor(file: JoinedFile, listed: EmbeddingFacts) {
    this.tokens = listed.tokens;
    this.channels = listed.channels;
    this.views = listed.views;
    this.encoder = listed.encoder;
    this.file = file;
  }

  /** Place in the file of a picture: the clean one is view 0, and 1 … `views` are augmented. */
  place(row: number, view: number): number {
    return row * (1 + this.views) + view;
  }

  /** The clean picture's, float32 [P, C]. @throws NeurodexError `index-missing`, `index-damaged` */
  read(row: number): Float32Array {
    const out = new Float32Array(this.tokens * this.channels);
    this.readInto(new Uint8Array(out.buffer), 0, [this.place(row, 0)]);
    if (!out.every(Number.isFinite))
      throw damaged(this.file.pathAt(this.start(row)), `has numbers that are not finite in row ${row}`);
    return out;
  }

  /** The clean picture's and those of its views, float32 [1 + views, P, C]. @throws NeurodexError `index-missing`, `index-damaged` */
  readAll(row: number): Float32Array {
    const places = Array.from({ length: 1 + this.views }, (_, view) => this.place(row, view));
    const out = new Float32Array(places.length * this.tokens * this.channels);
    this.readInto(new Uint8Array(out.buffer), 0, places);
    return out;
  }

  /** Where the bytes of a picture begin. */
  private start(row: number): number {
    return this.place(row, 0) * this.tokens * this.channels * Float32Array.BYTES_PER_ELEMENT;
  }

  /**
   * The embeddings at some places, one after another.
   * @param target bytes of float32 [B, P, C], in which they stand from the `first` one on
   * @throws NeurodexError `index-missing`, `index-damaged`
   */
  readInto(target: Uint8Array, first: number, places: readonly number[]): void {
    const size = this.tokens * this.channels * Float32Array.BYTES_PER_ELEMENT;
    for (const [i, place] of places.entries())
      this.file.readSync(target.subarray((first + i) * size, (first + i + 1) * size), place * size);
  }
}
