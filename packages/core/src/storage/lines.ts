import { createReadStream } from 'node:fs';

/** A line of a file. */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Where the file goes on behind it, in bytes. */
  readonly end: number;
  /** Undefined when it is too long. */
  readonly bytes: Uint8Array | undefined;
}

/**
 * The lines of a file, in little memory however long they are. Errors of the file system are thrown as they are.
 * @param longest bytes; of a longer line only its number is given
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { linesOf } from '@neurodex/core/storage';
 *
 * writeFileSync('names.txt', 'Tom\nRumpelstiltskin\nRex');
 * for await (const { number, end, bytes } of linesOf('names.txt', 10)) {
 *   console.log(number, end, bytes === undefined ? 'too long' : Buffer.from(bytes).toString());
 * }
 * // → 1 4 Tom
 * // → 2 20 too long
 * // → 3 23 Rex
 * ```
 */
export async function* linesOf(source: string, longest: number): AsyncGenerator<Line, void, undefined> {
  let rest: Buffer[] = [];
  let length = 0;
  let number = 0;
  let position = 0;
  const take = (): Line => {
    const bytes = length > longest ? undefined : Buffer.concat(rest);
    rest = [];
    length = 0;
    return { number: ++number, end: position, bytes };
  };
  const pieces: AsyncIterable<Buffer> = createReadStream(source, { highWaterMark: 1 << 18 });
  for await (const chunk of pieces) {
    let start = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, start)) {
      rest.push(chunk.subarray(start, at));
      length += at - start;
      position += at + 1 - start;
      start = at + 1;
      yield take();
    }
    const left = chunk.subarray(start);
    position += left.length;
    length += left.length;
    // Of a line without end no more is kept than shows that it is too long.
    if (length <= longest) rest.push(left);
    else rest = [];
  }
  if (length > 0) yield take();
}
