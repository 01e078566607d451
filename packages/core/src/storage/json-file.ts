import { closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import type { z } from 'zod';
import { NeurodexError } from '../errors.ts';
import { parseJson as parseText } from '../json.ts';
import { isRecord } from '../records.ts';
import { errorMessage } from '../thrown.ts';
import type { CheckedFileOptions } from './checked-file.ts';
import { damaged, unreadable } from './damaged.ts';
import type { FileDigest } from './hashed-file.ts';
import { openListed } from './next-file.ts';

/** A description may not be larger, in bytes: far beyond those of a million pictures. */
const LARGEST = 2 ** 28;

/**
 * A small file as a whole, compared with its digest where one is listed.
 * @throws NeurodexError `index-missing`, `index-damaged`, `index-unreadable`, `index-replaced`
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { errorCode } from '@neurodex/core';
 * import { digestFile, readSmall } from '@neurodex/core/storage';
 *
 * writeFileSync('colours.txt', 'red');
 * const listed = await digestFile('colours.txt');
 * console.log(new TextDecoder().decode(await readSmall('colours.txt', listed))); // → red
 * writeFileSync('colours.txt', 'RED');
 * await readSmall('colours.txt', listed).catch((error) => console.log(errorCode(error))); // → index-damaged
 * ```
 */
export async function readSmall(path: string, listed?: FileDigest, options?: CheckedFileOptions): Promise<Uint8Array> {
  const bytes = listed?.bytes ?? 0;
  if (bytes > LARGEST) throw damaged(path, `is listed with ${bytes} bytes, more than a description may have`);
  if (listed !== undefined) {
    const file = await openListed(path, listed, options);
    try {
      return new Uint8Array(await file.slice(0));
    } finally {
      await file.close();
    }
  }
  try {
    // Opening a pipe would wait for somebody to write into it.
    if (!statSync(path).isFile()) throw damaged(path, 'is not a file');
    const fd = openSync(path, 'r');
    try {
      if (fstatSync(fd).size > LARGEST) throw damaged(path, `is larger than a description may be (${LARGEST} bytes)`);
      return readFileSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw unreadable(error, path);
  }
}

/**
 * The bytes of a file as JSON.
 * @param file its name, for messages
 * @throws NeurodexError `index-damaged`
 * @example
 * ```ts
 * import { errorMessage } from '@neurodex/core';
 * import { parseJson } from '@neurodex/core/storage';
 *
 * const encoder = new TextEncoder();
 * console.log(parseJson(encoder.encode('{"size": 48}'), 'index.json')); // → { size: 48 }
 * try {
 *   parseJson(encoder.encode('{"size": '), 'index.json');
 * } catch (error) {
 *   console.log(errorMessage(error).slice(0, 28)); // → index.json is not valid JSON
 * }
 * ```
 */
export function parseJson(bytes: Uint8Array, file: string): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw damaged(file, 'is not text in UTF-8', error);
  }
  try {
    return parseText(text);
  } catch (error) {
    throw damaged(file, errorMessage(error), error);
  }
}

/**
 * Refuses what another version of the program wrote, in words that say which.
 * @param expected `oldest`: of the versions that are read, where there are several; `what`: what is built again where it is too old
 * @throws NeurodexError `index-newer`, `index-older`
 * @example
 * ```ts
 * import { errorMessage } from '@neurodex/core';
 * import { checkVersion } from '@neurodex/core/storage';
 *
 * const expected = { file: 'index.json', format: 'neurodex-index', version: 4, what: 'index' };
 * checkVersion({ format: 'neurodex-index', version: 4 }, expected); // goes on
 * try {
 *   checkVersion({ format: 'neurodex-index', version: 5 }, expected);
 * } catch (error) {
 *   console.log(errorMessage(error)); // → index.json has version 5; this Neurodex reads version 4
 * }
 * ```
 */
export function checkVersion(
  value: unknown,
  expected: {
    readonly file: string;
    readonly format: string;
    readonly version: number;
    readonly oldest?: number;
    readonly what: string;
  },
): void {
  const { file, what } = expected;
  const { format, version: found }: Readonly<Record<string, unknown>> = isRecord(value) ? value : {};
  if (format !== expected.format || typeof found !== 'number' || !Number.isInteger(found)) return;
  const { oldest = expected.version } = expected;
  if (found >= oldest && found <= expected.version) return;
  const newer = found > expected.version;
  throw new NeurodexError(
    newer ? 'index-newer' : 'index-older',
    `${file} has version ${found}; this Neurodex reads version ${oldest === expected.version ? oldest : `${oldest} to ${expected.version}`}`,
    {
      hint: newer
        ? `update Neurodex, or build the ${what} again with this one`
        : `build the ${what} again with this Neurodex, with --force to replace the old one`,
      details: { file, version: found },
    },
  );
}

/**
 * What is wrong with a description, by the key: a validator's own words are for programmers.
 * @example
 * ```ts
 * import { malformed } from '@neurodex/core/storage';
 * import { z } from 'zod';
 *
 * const { error } = z.object({ size: z.int() }).safeParse({ size: 'large' });
 * if (error !== undefined) console.log(malformed('index.json', 'an index', error).message);
 * // → index.json does not describe an index: size is missing or has a value that it cannot have
 * ```
 */
export function malformed(file: string, what: string, error: z.ZodError): NeurodexError {
  const path = error.issues[0]?.path.join('.');
  const where = path === undefined || path === '' ? '' : `: ${path} is missing or has a value that it cannot have`;
  return damaged(file, `does not describe ${what}${where}`, error);
}
