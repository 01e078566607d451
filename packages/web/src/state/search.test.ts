import { describe, expect, it } from 'vitest';
import type { ReferencePicture } from '../engine.ts';
import { fileKey, fileName, openedFile } from './files.ts';
import { queryOf } from './search.ts';

const file = new File(['1'], 'my-cat.png');
const picture: ReferencePicture = { kind: 'file', file };

describe('what the search box holds', () => {
  it('is a query with words, a picture, or both', () => {
    expect(queryOf(null, 'beach -people')).toEqual({ picture: null, text: 'beach', minus: ['people'] });
    expect(queryOf(picture, '')).toEqual({ picture, text: '', minus: [] });
    expect(queryOf(picture, '-people')).toEqual({ picture, text: '', minus: ['people'] });
  });

  it.each(['', ' ', '-', '-people'])('is none with %j alone', (typed) => {
    expect(queryOf(null, typed)).toBeNull();
  });
});

describe('files that the visitor opened', () => {
  it('are found by their keys, which name them', () => {
    const other = new File(['2'], file.name);
    const [key, otherKey] = [fileKey(file), fileKey(other)];
    expect(fileKey(file)).toBe(key);
    expect([openedFile(key), openedFile(otherKey)]).toEqual([file, other]);
    expect([key, otherKey].map(fileName)).toEqual(['my-cat.png', 'my-cat.png']);
  });

  it('are not there for another page', () => {
    expect(openedFile('elsewhere.1-my-cat.png')).toBeNull();
    expect(openedFile(null)).toBeNull();
  });
});
