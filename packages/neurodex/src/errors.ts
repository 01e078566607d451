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
  'picture-empty',
  'picture-not-an-image',
  'picture-damaged',
  'picture-too-large',
  'package-unavailable',
  'download-failed',
  'download-changed',
  'access-denied',
  'archive-unsafe',
  'archive-damaged',
  'output-exists',
  'output-unwritable',
  'disk-full',
  'run-unfinished',
  'run-locked',
  'run-changed',
  'index-missing',
  'index-damaged',
  'index-newer',
  'system-missing',
  'catalogue-too-large',
  'page-missing',
  'run-missing',
  'study-failed',
  'device-unavailable',
  'address-unavailable',
  'server-failed',
  'encoder-unusable',
  'training-diverged',
  'trec-malformed',
  'queries-differ',
  'interrupted',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

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
  'catalogue-too-large',
  'run-changed',
]);

export class NeurodexError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
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

  get exitStatus(): 1 | 2 {
    return USAGE.has(this.code) ? 2 : 1;
  }
}

/** The file system's refusals, in our words; anything else is returned unchanged. */
export function fromFileSystem(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new NeurodexError('disk-full', `no space left on the disk while writing ${path}`, {
      hint: 'free some space, or choose another folder with --out',
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
  if (code === 'ENOENT') {
    return new NeurodexError('output-unwritable', `${path} cannot be written: its folder does not exist`, {
      hint: 'make the folder first, or choose another',
      details: { path },
      cause: error,
    });
  }
  if (code === 'ENOTDIR' || code === 'ENAMETOOLONG') {
    const reason = code === 'ENOTDIR' ? 'a part of that path is a file, not a folder' : 'the name is too long';
    return new NeurodexError('output-unwritable', `${path} cannot be written: ${reason}`, {
      hint: 'choose another name',
      details: { path },
      cause: error,
    });
  }
  return error;
}
