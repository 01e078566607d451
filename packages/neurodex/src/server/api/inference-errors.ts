import { type ApiError, PROBLEMS, type ProblemCode } from './problems.ts';

/** Whether an address is one of the Open Inference Protocol's, whatever else it is. */
export const isInferenceAddress = (url: string): boolean => /^\/v2(?=[/?#]|$)/.test(url);

/**
 * The status that a refusal has in the protocol. What a request holds is wrong with 400 there, as at Triton; what comes before and behind
 * that, access, limits and readiness, has the status that it has elsewhere.
 */
export function inferenceStatus(code: ProblemCode): number {
  const { status } = PROBLEMS[code];
  return status === 422 ? 400 : status;
}

/** A refusal in one sentence, the code first, for the protocol has a text and nothing else. */
export const inferenceError = ({
  code,
  message,
  hint,
}: Pick<ApiError, 'code' | 'message' | 'hint'>): { error: string } => ({
  error: `${code}: ${message}${hint === undefined ? '' : ` (${hint})`}`,
});
