import { isRecord } from './records.ts';

/** What Node.js adds to the error of a system call. */
export interface SystemError {
  /** `ENOENT` and the like. */
  readonly code: string | undefined;
  /** The number of the system. */
  readonly errno: number | undefined;
  /** What was called. */
  readonly syscall: string | undefined;
  /** Of the file, where there is one. */
  readonly path: string | undefined;
}

/**
 * What was thrown as the error of a system call; each part is undefined where it has none.
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { systemError } from '@neurodex/core';
 *
 * const { code, syscall, path } = await readFile('none.txt').then(() => systemError(null), systemError);
 * console.log(code, syscall, path); // → ENOENT open none.txt
 * ```
 */
export function systemError(thrown: unknown): SystemError {
  const { code, errno, syscall, path }: Readonly<Record<string, unknown>> = isRecord(thrown) ? thrown : {};
  return {
    code: typeof code === 'string' ? code : undefined,
    errno: typeof errno === 'number' ? errno : undefined,
    syscall: typeof syscall === 'string' ? syscall : undefined,
    path: typeof path === 'string' ? path : undefined,
  };
}

/**
 * `ENOENT`, `ERR_…` or the like; undefined for what has no code.
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { errorCode } from '@neurodex/core';
 *
 * console.log(await readFile('none.txt').catch(errorCode), errorCode('red')); // → ENOENT undefined
 * ```
 */
export const errorCode = (thrown: unknown): string | undefined => systemError(thrown).code;

/**
 * Whether a system call failed: neither our own refusal, nor what a library says of its input.
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { isSystemError, NeurodexError } from '@neurodex/core';
 *
 * console.log(await readFile('none.txt').catch(isSystemError)); // → true
 * console.log(isSystemError(new NeurodexError('usage', 'k must be 1 or more'))); // → false
 * ```
 */
export const isSystemError = (thrown: unknown): boolean => systemError(thrown).syscall !== undefined;

/**
 * The words of an error; anything else that was thrown, as text.
 * @example
 * ```ts
 * import { errorMessage } from '@neurodex/core';
 *
 * console.log(errorMessage(new RangeError('k is 0')), errorMessage(404)); // → k is 0 404
 * ```
 */
export const errorMessage = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
