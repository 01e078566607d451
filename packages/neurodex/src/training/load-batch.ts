import { Random } from '@neurodex/core/random';
import { pictureBytes } from '@neurodex/datasets/picture';
import type { EmbeddingRows } from '../pictures/embeddings.ts';
import { renderView, type View } from '../query/augment.ts';
import type { BatchInput } from './batch-input.ts';

/** One place of a batch: a row of the store's pixels and how it is augmented, a place in its embeddings, a text, or a vector. */
export interface AugmentedView {
  readonly row: number;
  readonly view: View | null;
  /** Of a vector: the seed of the noise that is added to it; none by default. */
  readonly noise?: number;
}

/** Some places of a batch, in memory that threads share. */
export interface LoadTask {
  /** The batch, as `ModelInput.type` */
  readonly input: BatchInput;
  /** Place of the first of `views` in the batch. */
  readonly first: number;
  readonly views: readonly AugmentedView[];
}

/** What a batch is loaded from, given to a thread once. */
export type InputSource = PixelSource | EmbeddingSource | TokenSource | VectorSource;

export interface PixelSource {
  readonly input: 'pixels';
  /** Edge of a picture. */
  readonly size: number;
  /** uint8 [rows,Y,X,3], in memory or in a file of nothing else, of which only the rows of a batch are read. */
  readonly pixels: Uint8Array | { readonly file: string };
}

/** Embeddings of the pictures, and of views of them, in a file: read on the thread that has it open. */
export interface EmbeddingSource {
  readonly input: 'embeddings';
  readonly embeddings: EmbeddingRows;
}

/** Texts as the network reads them (`tokenInput.type`), one after another. */
export interface TokenSource {
  readonly input: 'tokens';
  /** int32 [texts, P] */
  readonly tokens: Int32Array;
  /** P */
  readonly length: number;
}

/** Vectors in memory, one after another. */
export interface VectorSource {
  readonly input: 'vectors';
  /** float32 [n, C] */
  readonly vectors: Float32Array;
  /** C */
  readonly length: number;
  /** Standard deviation of the noise of each number, as a multiple of the root mean square of the vector's numbers. */
  readonly noise: number;
}

/**
 * Reads rows of a file of nothing else.
 * @param bytes of a row @param work is given what reads one row; its bytes are valid until the next
 */
export type RowsOfFile = (file: string, bytes: number, work: (read: (row: number) => Uint8Array) => void) => void;

/**
 * Writes augmented pictures, stored embeddings, texts or vectors into their places of a batch.
 * @param rowsOfFile for pixels that are in a file
 */
export function loadBatch(source: InputSource, task: LoadTask, rowsOfFile: RowsOfFile = noFiles): void {
  if (source.input === 'pixels') loadPixels(source, task, rowsOfFile);
  else if (source.input === 'embeddings') loadEmbeddings(source, task);
  else if (source.input === 'tokens') loadRows(source.tokens, source.length, task);
  else loadVectors(source, task);
}

const noFiles: RowsOfFile = (file) => {
  throw new RangeError(`the pixels are in ${file}, and nothing here reads files`);
};

function loadPixels({ size, pixels }: PixelSource, { input, first, views }: LoadTask, rowsOfFile: RowsOfFile): void {
  const bytes = pictureBytes(size);
  const target = bytesOf(input);
  const render = (read: (row: number) => Uint8Array): void => {
    views.forEach(({ row, view }, i) => {
      const place = first + i;
      renderView(read(row), target.subarray(place * bytes, (place + 1) * bytes), size, view);
    });
  };
  if (pixels instanceof Uint8Array) render((row) => pixels.subarray(row * bytes, (row + 1) * bytes));
  else rowsOfFile(pixels.file, bytes, render);
}

function loadEmbeddings({ embeddings }: EmbeddingSource, { input, first, views }: LoadTask): void {
  const places = views.map(({ row }) => row);
  embeddings.readInto(bytesOf(input), first, places);
}

function loadRows(rows: Int32Array | Float32Array, length: number, { input, first, views }: LoadTask): void {
  for (const [i, { row }] of views.entries())
    input.set(rows.subarray(row * length, (row + 1) * length), (first + i) * length);
}

/** Vectors with Gaussian noise. */
function loadVectors({ vectors, length, noise }: VectorSource, task: LoadTask): void {
  loadRows(vectors, length, task);
  const { input, first, views } = task;
  for (const [i, { noise: seed }] of views.entries()) {
    if (seed === undefined || noise === 0) continue;
    const vector = input.subarray((first + i) * length, (first + i + 1) * length);
    let squares = 0;
    for (const x of vector) squares += x * x;
    const deviation = noise * Math.sqrt(squares / length);
    const random = Random.seeded(seed);
    for (let c = 0; c < length; c++) vector[c] = (vector[c] ?? NaN) + deviation * random.normal();
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: BatchInput): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
