import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { NeurodexError } from './errors.ts';
import { errorCode, errorMessage, isSystemError, systemError } from './thrown.ts';

const thrownBy = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};

test('the error of a system call says which call failed on what', () => {
  const path = '/nowhere/at/all';
  expect(existsSync(path)).toBe(false);
  const error = thrownBy(() => readFileSync(path));
  expect(systemError(error)).toEqual({ code: 'ENOENT', errno: expect.any(Number), syscall: 'open', path });
  expect(errorCode(error)).toBe('ENOENT');
  expect(isSystemError(error)).toBe(true);
});

test('refusals of our own, of Node.js and of libraries are no errors of a system call', () => {
  expect(isSystemError(new NeurodexError('disk-full', 'no space left'))).toBe(false);
  const refusal = thrownBy(() => Buffer.alloc(-1));
  expect(errorCode(refusal)).toBe('ERR_OUT_OF_RANGE');
  expect(isSystemError(refusal)).toBe(false);
});

test.each([undefined, null, 'ENOENT', 7, [], { code: 20 }])('%o has no code', (thrown) => {
  expect(errorCode(thrown)).toBeUndefined();
  expect(isSystemError(thrown)).toBe(false);
});

test('words come from an error, and from what else may be thrown', () => {
  expect(errorMessage(new RangeError('too far'))).toBe('too far');
  expect(errorMessage('as text')).toBe('as text');
  expect(errorMessage(undefined)).toBe('undefined');
});
