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

/** Writes what is to become a file, and leaves the file as it is. @throws NeurodexError `disk-full`, `output-unwritable` */
export const writeNext = (path: string, content: string | Uint8Array): Promise<void> =>
  replaceFile(nextOf(path), content);

/** Gives it its name, once it is listed. */
export const settleNext = (path: string): Promise<void> => renamePath(nextOf(path), path);

/**
 * Opens a listed file where it lies now, under its own name or still under the other, and keeps it open: it may get its name at
 * this moment.
 * @throws NeurodexError `index-missing`, `index-damaged`, `index-replaced`
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

/** Puts a file in order whose change was cut off. @param listed undefined where nothing lists it any more */
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
