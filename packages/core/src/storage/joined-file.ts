import type { CheckedFile } from './checked-file.ts';

/**
 * Several files as one, read as if they lay one after another: columns of a catalogue that is stored in parts.
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { CheckedFile, digestFile, JoinedFile } from '@neurodex/core/storage';
 *
 * writeFileSync('0.bin', Uint8Array.of(1, 2, 3));
 * writeFileSync('1.bin', Uint8Array.of(4, 5));
 * const files = ['0.bin', '1.bin'].map(async (name) => new CheckedFile(name, await digestFile(name)));
 * const joined = new JoinedFile(await Promise.all(files));
 * const bytes = new Uint8Array(3);
 * joined.readSync(bytes, 1);
 * console.log(joined.byteLength, bytes, joined.pathAt(3)); // → 5 Uint8Array(3) [ 2, 3, 4 ] 1.bin
 * ```
 */
export class JoinedFile {
  /** Of all files together. */
  readonly byteLength: number;
  private readonly files: readonly CheckedFile[];
  /** Where each file begins. */
  private readonly starts: Float64Array;

  constructor(files: readonly CheckedFile[]) {
    this.files = files;
    this.starts = new Float64Array(files.length);
    let start = 0;
    for (const [i, file] of files.entries()) {
      this.starts[i] = start;
      start += file.byteLength;
    }
    this.byteLength = start;
  }

  /**
   * Fills `target` with the bytes from `start` on.
   * @throws RangeError beyond the end; NeurodexError `index-missing`, `index-damaged`, `index-replaced`
   */
  readSync(target: Uint8Array, start: number): void {
    if (!(start >= 0 && start + target.length <= this.byteLength))
      throw new RangeError(`bytes ${start} to ${start + target.length} of ${this.byteLength}`);
    let at = this.place(start);
    for (let done = 0; done < target.length; at++) {
      const file = this.files[at];
      const from = start + done - (this.starts[at] ?? NaN);
      if (file === undefined) return;
      const part = target.subarray(done, done + file.byteLength - from);
      file.readSync(part, from);
      done += part.length;
    }
  }

  /** The path of the file that holds a byte; of the last one beyond the end. */
  pathAt(start: number): string {
    return this.files[this.place(start)]?.path ?? '';
  }

  /** Where the last file lies that begins at or before a byte. */
  private place(start: number): number {
    let low = 0;
    let high = this.files.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.starts[middle] ?? NaN) <= start) low = middle;
      else high = middle;
    }
    return low;
  }
}
