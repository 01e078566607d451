import type { ErrorCode } from '@neurodex/core';

interface ProblemKind {
  readonly status: number;
  /** The phrase of the status, as RFC 9457 wants it of problems of the type about:blank. */
  readonly title: string;
}

/** Everything that a request may be answered with in place of what it asked for, by the code that programs read. */
export const PROBLEMS = {
  'request-malformed': { status: 400, title: 'Bad Request' },
  'parameter-invalid': { status: 400, title: 'Bad Request' },
  'body-malformed': { status: 400, title: 'Bad Request' },
  'token-wrong': { status: 401, title: 'Unauthorized' },
  'origin-refused': { status: 403, title: 'Forbidden' },
  'read-only': { status: 403, title: 'Forbidden' },
  'not-found': { status: 404, title: 'Not Found' },
  'index-unknown': { status: 404, title: 'Not Found' },
  'picture-unknown': { status: 404, title: 'Not Found' },
  'version-unknown': { status: 404, title: 'Not Found' },
  'shard-unknown': { status: 404, title: 'Not Found' },
  'report-impossible': { status: 404, title: 'Not Found' },
  'method-not-allowed': { status: 405, title: 'Method Not Allowed' },
  'request-timeout': { status: 408, title: 'Request Timeout' },
  'index-fixed': { status: 409, title: 'Conflict' },
  'picture-changed': { status: 409, title: 'Conflict' },
  'shards-mixed': { status: 409, title: 'Conflict' },
  'body-too-large': { status: 413, title: 'Content Too Large' },
  'address-too-long': { status: 414, title: 'URI Too Long' },
  'type-unsupported': { status: 415, title: 'Unsupported Media Type' },
  'host-refused': { status: 421, title: 'Misdirected Request' },
  'picture-empty': { status: 422, title: 'Unprocessable Content' },
  'picture-not-an-image': { status: 422, title: 'Unprocessable Content' },
  'picture-unsupported': { status: 422, title: 'Unprocessable Content' },
  'picture-damaged': { status: 422, title: 'Unprocessable Content' },
  'picture-too-large': { status: 422, title: 'Unprocessable Content' },
  'text-empty': { status: 422, title: 'Unprocessable Content' },
  'text-invalid': { status: 422, title: 'Unprocessable Content' },
  'text-too-long': { status: 422, title: 'Unprocessable Content' },
  'query-empty': { status: 422, title: 'Unprocessable Content' },
  'query-unsupported': { status: 422, title: 'Unprocessable Content' },
  'run-locked': { status: 423, title: 'Locked' },
  'headers-too-large': { status: 431, title: 'Request Header Fields Too Large' },
  internal: { status: 500, title: 'Internal Server Error' },
  'report-failed': { status: 500, title: 'Internal Server Error' },
  busy: { status: 503, title: 'Service Unavailable' },
  draining: { status: 503, title: 'Service Unavailable' },
  'index-replaced': { status: 503, title: 'Service Unavailable' },
  'shards-unavailable': { status: 503, title: 'Service Unavailable' },
  interrupted: { status: 503, title: 'Service Unavailable' },
  'too-slow': { status: 503, title: 'Service Unavailable' },
  'disk-full': { status: 507, title: 'Insufficient Storage' },
} as const satisfies Readonly<Record<string, ProblemKind>>;

/** Why a request was refused, for programs. */
export type ProblemCode = keyof typeof PROBLEMS;

export const PROBLEM_CODES: readonly ProblemCode[] = Object.keys(PROBLEMS).filter((code): code is ProblemCode =>
  Object.hasOwn(PROBLEMS, code),
);

/** Errors of the library that a request may cause and that may be told to whoever sent it. */
export const isTold = (code: ErrorCode): code is ErrorCode & ProblemCode =>
  code in PROBLEMS && /^(picture|text|query)-/.test(code);

/** A request that is refused: a code, what is wrong with what, and what to do. */
export class ApiError extends Error {
  readonly code: ProblemCode;
  readonly hint: string | undefined;
  /** Seconds after which it may be tried again. */
  readonly retryAfter: number | undefined;

  constructor(
    code: ProblemCode,
    message: string,
    options: { hint?: string; retryAfter?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ApiError';
    this.code = code;
    this.hint = options.hint;
    this.retryAfter = options.retryAfter;
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }
}
