import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileIndex, type Place } from './file-index.ts';

const files = [
  'a.jpg',
  'train/1.jpg',
  'train/x/b.PNG',
  'test/1.jpg',
  'test/2.jpg',
  'images/c.d.jpg',
  'images/caf\u00e9.jpg',
];
const index = new FileIndex(files);
const find = (value: string, place: Partial<Place> = {}): string => {
  const found = index.find(value, { folder: '', ...place });
  return 'path' in found ? found.path : `! ${found.reason}`;
};

describe('FileIndex', () => {
  it.each<[string, Partial<Place>, string]>([
    ['a.jpg', {}, 'a.jpg'],
    [' ./a.jpg ', {}, 'a.jpg'],
    ['a', {}, 'a.jpg'],
    ['A.JPG', {}, 'a.jpg'],
    ['images/cafe\u0301.jpg', {}, 'images/caf\u00e9.jpg'],
    ['train\\1.jpg', {}, 'train/1.jpg'],
    ['1.jpg', { folder: 'test' }, 'test/1.jpg'],
    ['test/1.jpg', { folder: 'test' }, 'test/1.jpg'],
    ['../a.jpg', { folder: 'test' }, 'a.jpg'],
    ['b.png', {}, 'train/x/b.PNG'],
    ['x/b', {}, 'train/x/b.PNG'],
    ['c.d', {}, 'images/c.d.jpg'],
    ['images/a.jpg', {}, 'a.jpg'],
    ['/kaggle/input/set/train/1.jpg', {}, 'train/1.jpg'],
    ['C:\\data\\test\\2.jpg', {}, 'test/2.jpg'],
    ['/data/upload/1/1a2b3c4d-a.jpg', {}, 'a.jpg'],
    ['/data/local-files/?d=train%2F1.jpg', {}, 'train/1.jpg'],
    ['1', { part: 'train' }, 'train/1.jpg'],
    ['1', { part: 'validation' }, '! 1 may be train/1.jpg or test/1.jpg'],
    ['2', { part: 'train' }, '! there is no file 2'],
    ['train/2.jpg', {}, '! there is no file train/2.jpg'],
    ['1.jpg', {}, '! 1.jpg may be train/1.jpg or test/1.jpg'],
    ['../../a.jpg', { folder: 'test' }, '! ../../a.jpg is not below the source'],
    ['http://x/a.jpg', {}, '! http://x/a.jpg is an address, not a path'],
    ['.', {}, '! it names no file'],
    ['', {}, '! it names no file'],
  ])('%s in %o', (value, place, expected) => {
    expect(find(value, place)).toBe(expected);
  });

  it('finds every file by its own path, and nothing else under any name', () => {
    for (const file of files) expect(find(file)).toBe(file);
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('', 'train', 'images'), (value, folder) => {
        const found = index.find(value, { folder });
        if ('path' in found) expect(files).toContain(found.path);
        else expect(found.reason.length * found.group.length).toBeGreaterThan(0);
      }),
    );
  });
});
