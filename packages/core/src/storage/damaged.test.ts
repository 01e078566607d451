import { describe, expect, it } from 'vitest';
import { damaged, replaced, unreadable } from './damaged.ts';

it('a damaged file is named, with the cause where there is one', () => {
  const error = damaged('a/b', 'is wrong');
  expect(error).toMatchObject({
    code: 'index-damaged',
    message: 'a/b is wrong',
    hint: expect.stringContaining('copy the index again'),
    details: { file: 'a/b' },
  });
  expect('cause' in error).toBe(false);
  const cause = new Error('because');
  expect(damaged('a', 'b', cause).cause).toBe(cause);
});

describe('a failed read', () => {
  const failure = (properties: object) => Object.assign(new Error('failed'), properties);

  it.each(['ENOENT', 'ENOTDIR'])('is of a file that is not there: %s', (code) => {
    const cause = failure({ code, errno: -2 });
    expect(unreadable(cause, 'a/b')).toMatchObject({
      code: 'index-missing',
      message: 'a/b is not there',
      hint: expect.stringContaining('neurodex index'),
      details: { file: 'a/b' },
      cause,
    });
  });

  it('is refused by the system', () => {
    const cause = failure({ code: 'EACCES', errno: -13 });
    expect(unreadable(cause, 'a/b')).toMatchObject({
      code: 'index-unreadable',
      message: 'a/b cannot be read (EACCES)',
      hint: expect.stringContaining('ulimit -n'),
      details: { file: 'a/b' },
      cause,
    });
  });

  it('is something else', () => {
    for (const error of [failure({}), failure({ code: 'EACCES' }), damaged('a', 'b'), null, undefined, 'text']) {
      expect(unreadable(error, 'a/b')).toBe(error);
    }
  });
});

it('an index that was replaced is named', () => {
  expect(replaced('folder')).toMatchObject({
    code: 'index-replaced',
    message: 'the index at folder was replaced since it was opened',
    hint: expect.stringContaining('start the command again'),
    details: { folder: 'folder' },
  });
});
