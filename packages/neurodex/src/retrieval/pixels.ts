import { type Catalogue, pixelsOf, withRole } from '../catalogue/catalogue.ts';
import { best } from './answers.ts';
import type { Answer, System } from './system.ts';

/** The simplest baseline: cosine between the resized pictures' pixel values, uint8 [size·size·3] taken as vectors. */
export class PixelsSystem implements System {
  readonly name = 'pixels';
  readonly memorises = false;
  private readonly rows: readonly number[];
  /** Pictures of the catalogue at unit length, float32 [N, size·size·3]. */
  private readonly vectors: Float32Array;
  private readonly length: number;

  constructor(catalogue: Catalogue) {
    const pictures = withRole(catalogue, 'catalogue');
    this.rows = pictures.map(({ row }) => row);
    this.length = catalogue.size * catalogue.size * 3;
    this.vectors = new Float32Array(pictures.length * this.length);
    pictures.forEach(({ row }, i) => {
      this.vectors.set(unit(pixelsOf(catalogue, row)), i * this.length);
    });
  }

  async rank(pictures: Uint8Array, k: number): Promise<Answer[][]> {
    const answers: Answer[][] = [];
    for (let start = 0; start < pictures.length; start += this.length) {
      const query = unit(pictures.subarray(start, start + this.length));
      answers.push(
        best(
          this.rows.map((row, i) => ({ row, score: this.dot(query, i * this.length) })),
          k,
        ),
      );
    }
    return answers;
  }

  private dot(query: Float32Array, offset: number): number {
    // Four sums at once: the processor need not wait for one addition after another.
    const { vectors, length } = this;
    let [a, b, c, d] = [0, 0, 0, 0];
    const whole = length - (length % 4);
    for (let i = 0; i < whole; i += 4) {
      a += (query[i] as number) * (vectors[offset + i] as number);
      b += (query[i + 1] as number) * (vectors[offset + i + 1] as number);
      c += (query[i + 2] as number) * (vectors[offset + i + 2] as number);
      d += (query[i + 3] as number) * (vectors[offset + i + 3] as number);
    }
    for (let i = whole; i < length; i++) a += (query[i] as number) * (vectors[offset + i] as number);
    return a + b + c + d;
  }
}

/** At unit length; a black picture stays zero and is equally far from everything. */
function unit(pixels: Uint8Array): Float32Array {
  let squares = 0;
  for (const value of pixels) squares += value * value;
  const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
  return Float32Array.from(pixels, (value) => value * scale);
}
