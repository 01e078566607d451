import { NeurodexError } from '@neurodex/core';

/*
 * What archives and compressed files may unpack to. Pictures hardly compress, text does by 30 times and pictures that are all white
 * by 60; a deflate bomb reaches 1,000. docs/cli.md lists these limits.
 */

/** Compressed data may become so many times as large. */
export const MAX_RATIO = 100;
/** Up to so many bytes, whatever they were compressed from. */
const FREE_OF_RATIO = 64 << 20;

/** How large so many compressed bytes may become. */
export const mostUnpacked = (packed: number): number => Math.max(FREE_OF_RATIO, MAX_RATIO * packed);

/** Entries of an archive. ImageNet has 1.4 million. */
export const MAX_ENTRIES = 4_000_000;
/** Folders within each other. */
export const MAX_DEPTH = 64;
/** Bytes of a name between two '/'; no file system takes more. */
export const MAX_NAME = 255;
/** Bytes of a whole name. */
export const MAX_PATH = 2048;

const UNPACK = 'unpack it yourself and name the folder';

/** An entry as messages show it: some have names of thousands of characters. */
const shown = (entry: string): string => JSON.stringify(entry.length > 120 ? `${entry.slice(0, 119)}…` : entry);
const about = (archive: string, entry: string | undefined) => ({
  archive,
  ...(entry === undefined ? {} : { entry: entry.slice(0, 1000) }),
});

export const unsafeArchive = (archive: string, entry: string, what: string): NeurodexError =>
  new NeurodexError('archive-unsafe', `${archive} is not unpacked: its entry ${shown(entry)} ${what}`, {
    hint: `an archive of pictures holds no such entry; where you trust it, ${UNPACK}`,
    details: about(archive, entry),
  });

export const damagedArchive = (archive: string, what: string, entry?: string, cause?: unknown): NeurodexError =>
  new NeurodexError(
    'archive-damaged',
    entry === undefined ? `${archive} ${what}` : `${archive} is damaged: its entry ${shown(entry)} ${what}`,
    {
      hint: `copy or download it again; or test it with the program that made it, ${UNPACK}`,
      details: about(archive, entry),
      cause,
    },
  );

/**
 * The error for a sound archive of a kind that is not read.
 * @param what is the matter, as what follows the name of the archive or of the entry
 * @example
 * ```ts
 * import { unsupportedArchive } from '@neurodex/datasets/download';
 *
 * const { code, message } = unsupportedArchive('pets.zip', 'is encrypted', 'cat.png');
 * console.log(code, message); // → archive-unsupported pets.zip is not read: its entry "cat.png" is encrypted
 * ```
 */
export const unsupportedArchive = (archive: string, what: string, entry?: string): NeurodexError =>
  new NeurodexError(
    'archive-unsupported',
    entry === undefined ? `${archive} ${what}` : `${archive} is not read: its entry ${shown(entry)} ${what}`,
    { hint: UNPACK, details: about(archive, entry) },
  );

/**
 * The name of an entry as a relative path with '/' between folders, '' for the archive's own top.
 * @throws NeurodexError `archive-unsafe` for a name that leads elsewhere, or that no file system takes
 */
export function safeName(archive: string, name: string): string {
  if (/^[/\\]|^[a-z]:/i.test(name)) throw unsafeArchive(archive, name, 'has an absolute path');
  const length = Buffer.byteLength(name);
  if (length > MAX_PATH)
    throw unsafeArchive(archive, name, `has a name of ${length} bytes; at most ${MAX_PATH} are taken`);
  const parts = name.split(/[/\\]/).filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw unsafeArchive(archive, name, 'leads out of the folder');
  if (parts.length > MAX_DEPTH) {
    throw unsafeArchive(archive, name, `lies ${parts.length} folders deep; at most ${MAX_DEPTH} are taken`);
  }
  const longest = Math.max(0, ...parts.map((part) => Buffer.byteLength(part)));
  if (longest > MAX_NAME) {
    throw unsafeArchive(archive, name, `has a part of ${longest} bytes in its name; file systems take ${MAX_NAME}`);
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) throw unsafeArchive(archive, name, 'has control characters in its name');
  // On Windows a colon names a hidden stream, and a dot or a blank at the end is dropped.
  if (process.platform === 'win32' && parts.some((part) => /[<>:"|?*]|[. ]$/.test(part))) {
    throw unsafeArchive(archive, name, 'has a name that Windows does not take');
  }
  return parts.join('/');
}
