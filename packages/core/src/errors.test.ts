import { describe, expect, it } from 'vitest';
import { ERROR_CODES, failedInput, fromFileSystem, NeurodexError, tooFewLeft, withFailed } from './errors.ts';

describe('an error of the program', () => {
  it('has a code, words, a hint, details and a cause, as far as they are given', () => {
    const cause = new Error('below');
    const full = new NeurodexError('usage', 'wrong', { hint: 'do it right', details: { n: 1 }, cause });
    expect(full).toMatchObject({ name: 'NeurodexError', code: 'usage', message: 'wrong', hint: 'do it right', cause });
    expect(full.details).toEqual({ n: 1 });
    const bare = new NeurodexError('disk-full', 'full');
    expect(bare.hint).toBeUndefined();
    expect(bare.details).toEqual({});
    expect('cause' in bare).toBe(false);
    expect(bare).toBeInstanceOf(Error);
  });

  it('ends the program with 2 where it was asked for wrongly, and else with 1', () => {
    const wrongly = [
      ...[
        'usage',
        'unknown-flag',
        'unknown-preset',
        'config-unreadable',
        'config-unknown-key',
        'config-invalid',
        'filter-invalid',
      ],
      ...[
        'system-missing',
        'query-unsupported',
        'query-empty',
        'relevance-unknown',
        'catalogue-too-large',
        'run-changed',
      ],
    ];
    for (const code of ERROR_CODES)
      expect([code, new NeurodexError(code, '').exitStatus]).toEqual([code, wrongly.includes(code) ? 2 : 1]);
    expect(new Set(ERROR_CODES).size).toBe(ERROR_CODES.length);
  });
});

describe('inputs that failed', () => {
  const gone = new NeurodexError('picture-missing', 'a is not there', { hint: 'look' });
  const bad = new NeurodexError('picture-damaged', 'b is damaged');

  it('are told by name, and by what is wrong', () => {
    expect(failedInput('a', gone)).toEqual({
      input: 'a',
      code: 'picture-missing',
      message: 'a is not there',
      hint: 'look',
    });
    expect(failedInput('b', bad).hint).toBeNull();
    const bug = new TypeError('a bug');
    expect(() => failedInput('c', bug)).toThrow(bug);
  });

  it('are in a result only where there are some', () => {
    expect(withFailed([])).toEqual({});
    const failed = [failedInput('a', gone)];
    expect(withFailed(failed)).toEqual({ failed });
  });

  it('are all in the error where too few are left, whose code and hint are those of the first', () => {
    const both = tooFewLeft([failedInput('a', gone), failedInput('b', bad)]);
    expect(both).toMatchObject({
      code: 'picture-missing',
      message: 'a is not there; b is damaged',
      hint: 'look',
      details: { inputs: ['a', 'b'] },
    });
    expect(tooFewLeft([failedInput('b', bad)]).hint).toBeUndefined();
  });
});

describe('a refusal of the file system', () => {
  const failure = (code: string) => Object.assign(new Error(code), { code });

  it.each([
    ['ENOSPC', 'disk-full', 'no space left on the disk while writing /a/b', 'free some space'],
    ['EDQUOT', 'disk-full', 'no space left on the disk while writing /a/b', 'free some space'],
    ['EACCES', 'output-unwritable', '/a/b cannot be written (EACCES)', 'that you may write to'],
    ['EPERM', 'output-unwritable', '/a/b cannot be written (EPERM)', 'that you may write to'],
    ['EROFS', 'output-unwritable', '/a/b cannot be written (EROFS)', 'that you may write to'],
    ['ENOENT', 'output-unwritable', '/a/b cannot be written: its folder does not exist', 'make the folder'],
    ['ENOTDIR', 'output-unwritable', '/a/b cannot be written: a part of that path is a file', 'another name'],
    ['EISDIR', 'output-unwritable', '/a/b cannot be written: it is a folder', 'another name'],
    ['ENAMETOOLONG', 'output-unwritable', '/a/b cannot be written: the name is too long', 'another name'],
    ['ELOOP', 'output-unwritable', '/a/b cannot be written: its symbolic links', 'another name'],
    ['ENOSYS', 'output-unwritable', '/a/b cannot be made: the file system there takes no new', 'another place'],
    ['EINVAL', 'output-unwritable', '/a/b cannot be written: the file system there does not', 'another name'],
    ['EMFILE', 'output-unwritable', '/a/b cannot be opened: the process has too many', 'ulimit -n'],
    ['ENFILE', 'output-unwritable', '/a/b cannot be opened: the system has too many', 'close other programs'],
    ['EIO', 'output-unwritable', '/a/b cannot be read or written: the disk reports', 'look at the disk'],
    ['EBUSY', 'output-unwritable', '/a/b is in use by another program', 'wait for it'],
  ])('%s is said in words', (code, ours, message, hint) => {
    const cause = failure(code);
    expect(fromFileSystem(cause, '/a/b')).toMatchObject({
      code: ours,
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
      details: { path: '/a/b' },
      cause,
    });
  });

  it('is handed on where it has no words, as is everything else', () => {
    for (const error of [failure('EEXIST'), new Error('none'), null, undefined, 'text', new NeurodexError('usage', '')])
      expect(fromFileSystem(error, '/a/b')).toBe(error);
  });
});
