import { DEFAULT_LIMITS } from '../server/limits.ts';

/** Bytes of one message: two of the largest pictures as base64, and what is said beside them. */
export const MESSAGE_BYTES = 3 * DEFAULT_LIMITS.bodyBytes;
