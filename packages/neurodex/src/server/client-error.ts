import type { ProblemCode } from './api/problems.ts';
import type { Problem } from './api/schemas.ts';

/**
 * What the server, or something on the way to it, refused.
 * @example
 * ```ts
 * import { serveIndexes } from 'neurodex';
 * import { ClientError, neurodexClient } from 'neurodex/client';
 *
 * await using server = await serveIndexes({ indexes: ['pets'] });
 * try {
 *   await neurodexClient({ server: server.address }).search({ text: 'cat' }, { k: 0 });
 * } catch (error) {
 *   if (error instanceof ClientError) console.log(error.status, error.code); // → 400 parameter-invalid
 * }
 * ```
 */
export class ClientError extends Error {
  /** Of the response; 0 when there was none. */
  readonly status: number;
  /** Undefined when the refusal is not the server's own. */
  readonly code: ProblemCode | undefined;
  /** What to do about it, where that is known. */
  readonly hint: string | undefined;
  /** Seconds after which it may be tried again. */
  readonly retryAfter: number | undefined;

  constructor(
    message: string,
    options: { status: number; code?: ProblemCode; hint?: string; retryAfter?: number; cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ClientError';
    this.status = options.status;
    this.code = options.code;
    this.hint = options.hint;
    this.retryAfter = options.retryAfter;
  }
}

/** The error that a response with a status of 400 or more says. */
export async function refusal(response: Response): Promise<ClientError> {
  const { status } = response;
  const retryAfter = retryAfterOf(response);
  const more = retryAfter === undefined ? {} : { retryAfter };
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json');
  const problem = isProblem ? await readJson<Problem>(response).catch(() => undefined) : undefined;
  if (problem === undefined) return new ClientError(`the server answered with status ${status}`, { status, ...more });
  const { detail, code, hint } = problem;
  return new ClientError(detail, { status, code, ...(hint === undefined ? {} : { hint }), ...more });
}

/** Of what type the JSON of a response is, its route declares: a client looks no further. */
export const readJson = async <T>(response: Response): Promise<T> => (await response.json()) as T;

/** Seconds. */
export function retryAfterOf(response: Response): number | undefined {
  const seconds = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  return Number.isNaN(seconds) ? undefined : seconds;
}
