import { open } from 'node:fs/promises';

/** What a file is by its first bytes, whatever it is called. */
export type FileKind =
  | 'zip'
  | 'gzip'
  | 'tar'
  | 'bzip2'
  | 'xz'
  | 'Zstandard'
  | '7-Zip'
  | 'RAR'
  | 'LZ4'
  | 'lzip'
  | 'HTML';

const BEGINNINGS: readonly (readonly [kind: FileKind, bytes: string, at?: number])[] = [
  ['zip', 'PK\x03\x04'],
  ['zip', 'PK\x05\x06'],
  ['gzip', '\x1f\x8b'],
  ['tar', 'ustar', 257],
  ['bzip2', 'BZh'],
  ['xz', '\xfd7zXZ\0'],
  ['Zstandard', '\x28\xb5\x2f\xfd'],
  ['7-Zip', '7z\xbc\xaf\x27\x1c'],
  ['RAR', 'Rar!\x1a\x07'],
  ['LZ4', '\x04\x22\x4d\x18'],
  ['lzip', 'LZIP'],
];

/**
 * What a file is by its first bytes.
 * @returns undefined for what is none of these; errors of the file system are thrown as they are
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { kindOfFile } from '@neurodex/datasets/download';
 *
 * writeFileSync('photos.tar', '<!doctype html><title>Not found</title>');
 * console.log(await kindOfFile('pets.zip'), await kindOfFile('photos.tar')); // → zip HTML
 * console.log(await kindOfFile('cat.jpg')); // → undefined
 * ```
 */
export async function kindOfFile(path: string): Promise<FileKind | undefined> {
  const handle = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(512), 0, 512, 0);
    const text = buffer.toString('latin1', 0, bytesRead);
    const known = BEGINNINGS.find(([, bytes, at = 0]) => text.startsWith(bytes, at));
    if (known !== undefined) return known[0];
    return /^\s*<(?:!doctype html|html|head)/i.test(text) ? 'HTML' : undefined;
  } finally {
    await handle.close();
  }
}
