import { pictureBytes } from '@neurodex/datasets/picture';
import type { Embeddings } from '../pictures/embeddings.ts';
import { renderView, type View } from '../query/augment.ts';

/** One place of a batch: a row of the store's pixels and how it is augmented, or a place in its embeddings. */
export interface AugmentedView {
  readonly row: number;
  readonly view: View | null;
}

/** Some places of a batch, in memory that threads share. */
export interface LoadTask {
  /** The batch, as `ModelInput.type` */
  readonly input: Uint8Array | Float32Array;
  /** Place of the first of `views` in the batch. */
  readonly first: number;
  readonly views: readonly AugmentedView[];
}

/** What a batch is loaded from, given to a thread once. */
export type InputSource = PixelSource | EmbeddingSource;

export interface PixelSource {
  readonly input: 'pixels';
  /** Edge of a picture. */
  readonly size: number;
  /** uint8 [rows,Y,X,3] */
  readonly pixels: Uint8Array;
}

/** Embeddings of the pictures, and of views of them, in a file: read on the thread that has it open. */
export interface EmbeddingSource {
  readonly input: 'embeddings';
  readonly embeddings: Embeddings;
}

/** Writes augmented pictures, or stored embeddings, into their places of a batch. */
export function loadBatch(source: InputSource, task: LoadTask): void {
  if (source.input === 'pixels') loadPixels(source, task);
  else loadEmbeddings(source, task);
}

function loadPixels({ size, pixels }: PixelSource, { input, first, views }: LoadTask): void {
  const bytes = pictureBytes(size);
  const target = bytesOf(input);
  views.forEach(({ row, view }, i) => {
    const place = first + i;
    const picture = pixels.subarray(row * bytes, (row + 1) * bytes);
    renderView(picture, target.subarray(place * bytes, (place + 1) * bytes), size, view);
  });
}

function loadEmbeddings({ embeddings }: EmbeddingSource, { input, first, views }: LoadTask): void {
  const places = views.map(({ row }) => row);
  embeddings.readInto(bytesOf(input), first, places);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint8Array | Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
