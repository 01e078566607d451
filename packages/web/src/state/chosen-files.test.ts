import { describe, expect, it } from 'vitest';
import { chosenFrom } from './chosen-files.ts';

const at = (path: string, type = 'image/png') => ({
  path,
  file: new File(['x'], path.split('/').at(-1) ?? '', { type }),
});
const short = (paths: readonly string[]) => chosenFrom(paths.map((path) => at(path)));

describe('files that are chosen', () => {
  it('have the folder that they lie in as their label, and paths below the folder that was chosen', () => {
    const { pictures, folder, others } = short(['photos/cats/1.png', 'photos/dogs/big/2.png']);
    expect(pictures.map(({ path, labels }) => [path, labels])).toEqual([
      ['cats/1.png', ['cats']],
      ['dogs/big/2.png', ['big']],
    ]);
    expect([folder, others]).toEqual(['photos', 0]);
  });

  it('have no labels where some lie beside the folders, or there are no folders', () => {
    for (const paths of [
      ['photos/1.png', 'photos/cats/2.png'],
      ['1.png', '2.png'],
    ])
      expect(short(paths).pictures.flatMap(({ labels }) => labels)).toEqual([]);
    expect(short(['1.png', '2.png']).folder).toBeNull();
  });

  it('leave out hidden files and files of other kinds, and count these', () => {
    const files = [at('a/x/1.png'), at('a/x/notes.txt', 'text/plain'), at('a/.cache/2.png'), at('a/x/3.HEIC', '')];
    const { pictures, others } = chosenFrom(files);
    expect(pictures.map(({ path }) => path)).toEqual(['x/1.png', 'x/3.HEIC']);
    expect(others).toBe(2);
  });

  it('of one name have names of their own', () => {
    expect(short(['1.png', '1.png', '1.png']).pictures.map(({ path }) => path)).toEqual([
      '1.png',
      '1.png (2)',
      '1.png (3)',
    ]);
  });

  it('may be none', () => {
    expect(chosenFrom([])).toEqual({ pictures: [], others: 0, folder: null });
  });
});
