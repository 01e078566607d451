import { ApiError } from './api/problems.ts';

export const draining = (): ApiError =>
  new ApiError('draining', 'the server is about to stop', { hint: 'ask another one, or try again', retryAfter: 5 });
