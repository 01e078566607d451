import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { CheckedFile, type CheckedFileOptions } from './checked-file.ts';
import { digestFile, type FileDigest } from './hashed-file.ts';
import { renamePath } from './rename.ts';
import { removeTorn, replaceFile } from './replace-file.ts';

/*
 * A folder of several files changes in one step by one of them, which lists the others with their digests. Its new version
 * lists a file that still has another name beside the old one; only then does that file get its own name.
 */
const nextOf = (path: string): string => `${path}.next`;

/**
 * Writes what is to become a file, beside it, and leaves the file as it is.
 * @throws NeurodexError `disk-full`, `output-unwritable`
 * @example
 * ```ts
 * import { readFileSync, writeFileSync } from 'node:fs';
 * import { settleNext, writeNext } from '@neurodex/core/storage';
 *
 * writeFileSync('names.json', '["cat"]');
 * await writeNext('names.json', '["cat","dog"]');
 * console.log(readFileSync('names.json', 'utf8')); // → ["cat"]
 * await settleNext('names.json');
 * console.log(readFileSync('names.json', 'utf8')); // → ["cat","dog"]
 * ```
 */
export const writeNext = (path: string, content: string | Uint8Array): Promise<void> =>
  replaceFile(nextOf(path), content);

/**
 * Gives what `writeNext` wrote its name, once it is listed.
 * @throws as `rename` of `node:fs/promises`
 * @example
 * ```ts
 * import { existsSync, readFileSync } from 'node:fs';
 * import { settleNext, writeNext } from '@neurodex/core/storage';
 *
 * await writeNext('names.json', '["cat"]');
 * console.log(existsSync('names.json')); // → false
 * await settleNext('names.json');
 * console.log(readFileSync('names.json', 'utf8')); // → ["cat"]
 * ```
 */
export const settleNext = (path: string): Promise<void> => renamePath(nextOf(path), path);

/**
 * Opens a listed file where it lies now, under its own name or still under the other, and keeps it open: it may get its name at
 * this moment.
 * @throws NeurodexError `index-missing`, `index-damaged`, `index-replaced`
 * @example
 * ```ts
 * import { createHash } from 'node:crypto';
 * import { writeFileSync } from 'node:fs';
 * import { openListed, writeNext } from '@neurodex/core/storage';
 *
 * const digest = (text: string) => ({ bytes: text.length, sha256: createHash('sha256').update(text).digest('hex') });
 * writeFileSync('names.json', '["cat"]');
 * await writeNext('names.json', '["dog"]');
 * for (const text of ['["cat"]', '["dog"]']) {
 *   const file = await openListed('names.json', digest(text));
 *   console.log(Buffer.from(await file.slice(0)).toString());
 *   await file.close();
 * }
 * // → ["cat"]
 * // → ["dog"]
 * ```
 */
export async function openListed(
  path: string,
  listed: FileDigest,
  { replaced }: CheckedFileOptions = {},
): Promise<CheckedFile> {
  const options = { replaced, hold: true };
  const next = nextOf(path);
  if (existsSync(next) && (await isListed(next, listed))) {
    try {
      return new CheckedFile(next, listed, options);
    } catch {
      // It has its name by now; what else is wrong is said of that name.
    }
  }
  return new CheckedFile(path, listed, options);
}

/**
 * Puts a file in order whose change was cut off: what `writeNext` wrote gets its name where it is listed, and goes where it is
 * not.
 * @param listed undefined where nothing lists it any more
 * @example
 * ```ts
 * import { createHash } from 'node:crypto';
 * import { readFileSync, writeFileSync } from 'node:fs';
 * import { recoverNext, writeNext } from '@neurodex/core/storage';
 *
 * const digest = (text: string) => ({ bytes: text.length, sha256: createHash('sha256').update(text).digest('hex') });
 * writeFileSync('names.json', '["cat"]');
 * for (const listed of ['["cat"]', '["dog"]']) {
 *   await writeNext('names.json', '["dog"]'); // and then the power goes
 *   await recoverNext('names.json', digest(listed));
 *   console.log(readFileSync('names.json', 'utf8'));
 * }
 * // → ["cat"]
 * // → ["dog"]
 * ```
 */
export async function recoverNext(path: string, listed: FileDigest | undefined): Promise<void> {
  const next = nextOf(path);
  await removeTorn(next);
  if (!existsSync(next)) return;
  if (listed !== undefined && (await isListed(next, listed))) await settleNext(path);
  else await rm(next, { force: true });
}

/** Whether a file has the digest that is listed; not, where it is gone. */
const isListed = async (path: string, { bytes, sha256 }: FileDigest): Promise<boolean> =>
  await digestFile(path).then(
    (found) => found.bytes === bytes && found.sha256 === sha256,
    () => false,
  );
