import { createHash } from 'node:crypto';
import { damaged, unreadable } from './damaged.ts';
import type { FileDigest } from './hashed-file.ts';
import { parseJson } from './json-file.ts';
import { linesOf } from './lines.ts';

/** Bytes of a line: far beyond what is said of one picture. */
const LONGEST = 2 ** 26;
const END = '\n';

/**
 * A value as a line of a list that is too long to be one value.
 * @example
 * ```ts
 * import { jsonLine } from '@neurodex/core/storage';
 *
 * console.log(JSON.stringify(new TextDecoder().decode(jsonLine([1, 2])))); // → "[1,2]\n"
 * ```
 */
export const jsonLine = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value) + END);

/**
 * The values of a list that was written with `jsonLine`, one after another. Nothing of it may be believed before the last one
 * has come: only then is the digest known.
 * @throws NeurodexError `index-missing`, `index-unreadable`, `index-damaged` for a list that is not the one listed
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { digestFile, jsonLine, readJsonLines } from '@neurodex/core/storage';
 *
 * writeFileSync('pictures.jsonl', Buffer.concat([jsonLine({ id: 0 }), jsonLine({ id: 1 })]));
 * for await (const value of readJsonLines('pictures.jsonl', await digestFile('pictures.jsonl'))) console.log(value);
 * // → { id: 0 }
 * // → { id: 1 }
 * ```
 */
export async function* readJsonLines(path: string, listed: FileDigest): AsyncGenerator<unknown, void, undefined> {
  const hash = createHash('sha256');
  try {
    for await (const { number, bytes } of linesOf(path, LONGEST)) {
      if (bytes === undefined) throw damaged(path, `has a line ${number} that is too long`);
      hash.update(bytes).update(END);
      yield parseJson(bytes, path);
    }
  } catch (error) {
    throw unreadable(error, path);
  }
  if (hash.digest('hex') !== listed.sha256)
    throw damaged(path, 'has changed since it was written (its SHA-256 differs)');
}
