import { defined } from './elements.ts';
import { errorCode } from './thrown.ts';

/**
 * Every way in which a user, or a user's data, can make Neurodex stop. `code` is for programs, `message` says what is
 * wrong with what, `hint` says what to do. The CLI and the server format it; nothing else does.
 */
export const ERROR_CODES = [
  'usage',
  'unknown-flag',
  'unknown-preset',
  'config-unreadable',
  'config-unknown-key',
  'config-invalid',
  'source-missing',
  'source-empty',
  'source-unusable',
  'source-damaged',
  'picture-missing',
  'picture-unavailable',
  'picture-empty',
  'picture-not-an-image',
  'picture-unsupported',
  'picture-damaged',
  'picture-too-large',
  'text-empty',
  'text-invalid',
  'text-too-long',
  'package-unavailable',
  'download-failed',
  'download-changed',
  'access-denied',
  'archive-unsafe',
  'archive-damaged',
  'archive-unsupported',
  'output-exists',
  'output-unwritable',
  'disk-full',
  'run-unfinished',
  'run-locked',
  'run-changed',
  'index-missing',
  'index-damaged',
  'index-newer',
  'index-older',
  'index-replaced',
  'index-unreadable',
  'index-fixed',
  'picture-unknown',
  'picture-changed',
  'system-missing',
  'query-unsupported',
  'query-empty',
  'filter-invalid',
  'relevance-unknown',
  'catalogue-too-large',
  'page-missing',
  'run-missing',
  'study-failed',
  'device-unavailable',
  'address-unavailable',
  'server-failed',
  'encoder-unusable',
  'store-missing',
  'store-denied',
  'store-unreachable',
  'store-refused',
  'store-unsupported',
  'object-key-invalid',
  'object-missing',
  'object-damaged',
  'shards-unplanned',
  'shards-unfinished',
  'shards-taken',
  'shards-mixed',
  'shards-version',
  'shard-unknown',
  'shard-differs',
  'shards-failed',
  'shards-unavailable',
  'cache-full',
  'queue-unreachable',
  'training-diverged',
  'trec-malformed',
  'queries-differ',
  'machine-unfit',
  'interrupted',
] as const;

/** What went wrong, for programs. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Names and figures of an error, for programs. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** Codes that mean "asked for wrongly" (exit status 2); every other code means "failed" (exit status 1). */
const USAGE: ReadonlySet<ErrorCode> = new Set([
  'usage',
  'unknown-flag',
  'unknown-preset',
  'config-unreadable',
  'config-unknown-key',
  'config-invalid',
  'system-missing',
  'query-unsupported',
  'query-empty',
  'filter-invalid',
  'relevance-unknown',
  'catalogue-too-large',
  'run-changed',
]);

/**
 * What a user, or a user's data, can make Neurodex stop with: a code for programs, a sentence and a hint for people.
 * @example
 * ```ts
 * import { NeurodexError } from '@neurodex/core';
 *
 * const error = new NeurodexError('usage', 'k must be 1 or more', { hint: 'give k such a value' });
 * console.log(error.code, error.hint); // → usage give k such a value
 * ```
 */
export class NeurodexError extends Error {
  /** What went wrong, for programs. */
  readonly code: ErrorCode;
  /** What to do about it, where that is known. */
  readonly hint: string | undefined;
  /** Names and figures that are in the message. */
  readonly details: ErrorDetails;

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string; details?: ErrorDetails; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'NeurodexError';
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }

  /** With which a command ends: 2 where it was asked for wrongly, 1 where it failed. */
  get exitStatus(): 1 | 2 {
    return USAGE.has(this.code) ? 2 : 1;
  }
}

/** One of several inputs that could not be used: the name by which it was given, and why. As JSON has it. */
export interface FailedInput {
  /** The name by which it was given. */
  readonly input: string;
  /** What is wrong with it, for programs. */
  readonly code: ErrorCode;
  /** What is wrong with it. */
  readonly message: string;
  /** What to do about it; null where that is not known. */
  readonly hint: string | null;
}

/**
 * For a result: `failed` is there only where something failed.
 * @example
 * ```ts
 * import { type FailedInput, withFailed } from '@neurodex/core';
 *
 * const failed: FailedInput[] = [{ input: 'cat.jpg', code: 'picture-empty', message: 'cat.jpg is empty', hint: null }];
 * console.log({ found: 2, ...withFailed([]) }); // → { found: 2 }
 * console.log(Object.keys({ found: 2, ...withFailed(failed) })); // → [ 'found', 'failed' ]
 * ```
 */
export const withFailed = (failed: readonly FailedInput[]): { readonly failed?: readonly FailedInput[] } =>
  failed.length === 0 ? {} : { failed };

/**
 * What is told of an input that could not be used.
 * @throws `error` itself where it is no NeurodexError
 * @example
 * ```ts
 * import { failedInput, NeurodexError } from '@neurodex/core';
 *
 * const error = new NeurodexError('picture-empty', 'cat.jpg is empty');
 * console.log(failedInput('cat.jpg', error));
 * // → { input: 'cat.jpg', code: 'picture-empty', message: 'cat.jpg is empty', hint: null }
 * ```
 */
export function failedInput(input: string, error: unknown): FailedInput {
  if (!(error instanceof NeurodexError)) throw error;
  const { code, message, hint = null } = error;
  return { input, code, message, hint };
}

/**
 * The error where too few of several inputs are left to go on with: the code and the hint of the first, the messages of all.
 * @param failed at least one
 * @example
 * ```ts
 * import { type FailedInput, tooFewLeft } from '@neurodex/core';
 *
 * const failed = ['a.png', 'b.png'].map(
 *   (input): FailedInput => ({ input, code: 'picture-empty', message: `${input} is empty`, hint: null }),
 * );
 * const { code, message } = tooFewLeft(failed);
 * console.log(code, message); // → picture-empty a.png is empty; b.png is empty
 * ```
 */
export function tooFewLeft(failed: readonly FailedInput[]): NeurodexError {
  const first = defined(failed[0], 'the first failed input');
  return new NeurodexError(first.code, failed.map(({ message }) => message).join('; '), {
    ...(first.hint === null ? {} : { hint: first.hint }),
    details: { inputs: failed.map(({ input }) => input) },
  });
}

/**
 * The file system's refusals of writing, in our words: `disk-full`, `output-unwritable`; anything else is returned unchanged.
 * @param path of what is written, for messages
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { errorMessage, fromFileSystem } from '@neurodex/core';
 *
 * const refused = await writeFile('none/a.txt', '').catch((error) => fromFileSystem(error, 'none/a.txt'));
 * console.log(errorMessage(refused)); // → none/a.txt cannot be written: its folder does not exist
 * ```
 */
export function fromFileSystem(error: unknown, path: string): unknown {
  const code = errorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new NeurodexError('disk-full', `no space left on the disk while writing ${path}`, {
      hint: 'free some space, or choose a place on another disk',
      details: { path },
      cause: error,
    });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new NeurodexError('output-unwritable', `${path} cannot be written (${code})`, {
      hint: 'choose a folder that you may write to',
      details: { path },
      cause: error,
    });
  }
  const reason = code === undefined ? undefined : REASONS[code];
  if (reason === undefined) return error;
  const [what, hint] = reason;
  return new NeurodexError('output-unwritable', `${path} ${what}`, { hint, details: { path }, cause: error });
}

/** What else the file system refuses, and what to do. */
const REASONS: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOENT: ['cannot be written: its folder does not exist', 'make the folder first, or choose another'],
  ENOTDIR: ['cannot be written: a part of that path is a file, not a folder', 'choose another name'],
  EISDIR: ['cannot be written: it is a folder', 'choose another name'],
  ENAMETOOLONG: ['cannot be written: the name is too long', 'choose another name'],
  ELOOP: ['cannot be written: its symbolic links lead in a circle', 'choose another name'],
  ENOSYS: ['cannot be made: the file system there takes no new folders', 'choose another place'],
  EINVAL: ['cannot be written: the file system there does not take that name', 'choose another name'],
  EMFILE: ['cannot be opened: the process has too many open files', 'allow more of them (ulimit -n 4096)'],
  ENFILE: ['cannot be opened: the system has too many open files', 'close other programs, or try again later'],
  EIO: ['cannot be read or written: the disk reports an error', 'look at the disk, or choose another'],
  EBUSY: ['is in use by another program', 'wait for it, or choose another name'],
};
