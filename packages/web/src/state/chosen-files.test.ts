import { describe, expect, it } from 'vitest';
import { chosenFrom, fromDrop } from './chosen-files.ts';

const at = (path: string, type = 'image/png') => ({
  path,
  file: new File(['x'], path.split('/').at(-1) ?? '', { type }),
});
const short = (paths: readonly string[]) => chosenFrom(paths.map((path) => at(path)));

describe('files that are chosen', () => {
  it('have the folder that they lie in as their label, and paths below the folder that was chosen', () => {
    const { pictures, folder, skipped } = short(['photos/cats/1.png', 'photos/dogs/big/2.png']);
    expect(pictures.map(({ path, labels }) => [path, labels])).toEqual([
      ['cats/1.png', ['cats']],
      ['dogs/big/2.png', ['big']],
    ]);
    expect([folder, skipped]).toEqual(['photos', []]);
  });

  it('have no labels where some lie beside the folders, or there are no folders', () => {
    for (const paths of [
      ['photos/1.png', 'photos/cats/2.png'],
      ['1.png', '2.png'],
    ])
      expect(short(paths).pictures.flatMap(({ labels }) => labels)).toEqual([]);
    expect(short(['1.png', '2.png']).folder).toBeNull();
  });

  it('are skipped where they are no pictures, for the reasons of the command line', () => {
    const files = [
      ...[at('a/x/1.png'), at('a/x/notes.txt', 'text/plain'), at('a/x/3.HEIC', ''), at('a/x/3.MOV', 'video/quicktime')],
      ...[at('a/clip.mp4', 'video/mp4'), at('a/x/3.xmp', ''), at('a/old.crw', ''), at('a/x/Thumbs.db', '')],
    ];
    const { pictures, skipped } = chosenFrom(files);
    expect(pictures.map(({ path }) => path)).toEqual(['x/1.png', 'x/3.HEIC']);
    expect(skipped.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
      'clip.mp4: a video',
      'old.crw: camera raw of a kind that is not read',
      'x/3.MOV: the video of a Live Photo',
      'x/3.xmp: a file of settings beside a picture',
      'x/Thumbs.db: left by the system or a tool',
      'x/notes.txt: not a picture file',
    ]);
  });

  it('in a hidden folder, or one that a tool left, are skipped with it, which is named once', () => {
    const { pictures, skipped } = short(['a/.cache/1.png', 'a/.cache/deep/2.png', 'a/x/@eaDir/3.png', 'a/x/4.png']);
    expect(pictures.map(({ path }) => path)).toEqual(['x/4.png']);
    expect(skipped.map(({ path, reason, expected }) => [path, reason, expected])).toEqual([
      ['.cache', 'hidden', true],
      ['x/@eaDir', 'left by the system or a tool', true],
    ]);
    // Whoever chooses such a folder means it.
    expect(short(['.photos/1.png', '.photos/2.png']).pictures).toHaveLength(2);
  });

  it('of one name have names of their own', () => {
    expect(short(['1.png', '1.png', '1.png']).pictures.map(({ path }) => path)).toEqual([
      '1.png',
      '1.png (2)',
      '1.png (3)',
    ]);
  });

  it('may be none', () => {
    expect(chosenFrom([])).toEqual({ pictures: [], skipped: [], folder: null });
    expect(chosenFrom([at('docs/a.txt', 'text/plain')])).toMatchObject({
      folder: 'docs',
      skipped: [{ path: 'a.txt' }],
    });
  });
});

describe('what is dropped', () => {
  const file = (fullPath: string, readable = true) => ({
    ...{ isFile: true, isDirectory: false, fullPath },
    file: (found: (file: File) => void, failed: (error: Error) => void) =>
      readable ? found(at(fullPath).file) : failed(new Error('permission denied')),
  });
  /** Its reader gives one entry at a time. */
  const folder = (fullPath: string, entries: readonly object[] | null) => ({
    ...{ isFile: false, isDirectory: true, fullPath },
    createReader() {
      const left = [...(entries ?? [])];
      return {
        readEntries: (found: (entries: object[]) => void, failed: (error: Error) => void) =>
          entries === null ? failed(new Error('it is gone')) : found(left.splice(0, 1)),
      };
    },
  });
  const dropped = (...entries: readonly object[]) =>
    fromDrop(entries.map((entry) => ({ webkitGetAsEntry: () => entry })) as unknown as DataTransferItemList);

  it('is every file below the folders, and what cannot be read stops nothing', async () => {
    const { files, unreadable } = await dropped(
      folder('/photos', [file('/photos/1.png'), folder('/photos/gone', null), file('/photos/locked.png', false)]),
      file('/2.png'),
    );
    expect(files.map(({ path }) => path)).toEqual(['photos/1.png', '2.png']);
    expect(unreadable).toEqual([
      { path: 'photos/gone', reason: 'folder cannot be read: it is gone' },
      { path: 'photos/locked.png', reason: 'file cannot be read: permission denied' },
    ]);
    const { skipped } = chosenFrom(files.slice(0, 1), unreadable);
    expect(skipped.map(({ path }) => path)).toEqual(['gone', 'locked.png']);
  });

  it('may be no file at all', async () => {
    expect(await fromDrop([{ webkitGetAsEntry: () => null }] as unknown as DataTransferItemList)).toEqual({
      files: [],
      unreadable: [],
    });
  });
});
