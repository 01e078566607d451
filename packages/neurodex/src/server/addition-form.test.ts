import { describe, expect, it } from 'vitest';
import { additionReader } from './addition-form.ts';
import type { ApiError } from './api/problems.ts';

const type = 'multipart/form-data; boundary=x';
const part = (disposition: string, content = 'bytes') =>
  `--x\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${content}\r\n`;
const read = (...parts: string[]) => additionReader(type)(Buffer.from(`${parts.join('')}--x--\r\n`));
const reason = (...parts: string[]): string => {
  try {
    read(...parts);
    return 'read';
  } catch (error) {
    expect((error as ApiError).code).toBe('body-malformed');
    return (error as ApiError).message;
  }
};
const file = (name: string) => part(`name="picture"; filename="${name}"`);

describe('a form of pictures', () => {
  it('has files with names, and labels for all of them', () => {
    const { pictures, labels, failed } = read(
      file('a.png'),
      part('name="labels"', ' sea '),
      file('folder/b\u0007.png'),
      part('name="picture"; filename="x"; filename*=UTF-8\'\'%e2%82%ac.png'),
      part('name="labels"', 'sea'),
      file('a.png'),
    );
    expect(pictures.map(({ name, bytes }) => [name, Buffer.from(bytes).toString()])).toEqual([
      ['a.png', 'bytes'],
      ['b_.png', 'bytes'],
      ['€.png', 'bytes'],
    ]);
    expect(labels).toEqual(['sea']);
    expect(failed).toMatchObject([{ input: 'a.png', code: 'picture-changed' }]);
    // Threads are given the bytes without the form around them.
    expect(pictures.map(({ bytes }) => bytes.buffer.byteLength)).toEqual([5, 5, 5]);
  });

  it.each([
    ['the form has no picture', [part('name="labels"', 'a')]],
    ['the form has a picture without a name', [file('..')]],
    ['the form has a picture without a name', [file('folder/')]],
    ['the form has a picture whose name has more than 250 characters', [file('a'.repeat(251))]],
    ['the form has a field "other" that is not read', [part('name="other"')]],
    ['the form has a field "picture" that is not read', [part('name="picture"')]],
    ['the form has a label that is empty, longer than 250 characters or not text', [part('name="labels"', ' ')]],
    ['the form has more than 500 pictures', Array.from({ length: 501 }, (_, i) => file(`${i}`))],
  ])('is refused: %s', (message, parts) => expect(reason(...parts)).toBe(message));

  it('is no other body', () => {
    expect(() => additionReader('image/png')).toThrow('pictures are added by a form');
    expect(() => additionReader(undefined)).toThrow('pictures are added by a form');
    expect(() => additionReader('multipart/form-data')).toThrow('the form has no boundary');
  });
});
