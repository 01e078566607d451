export { canonicalJson } from './canonical-json.ts';
export { defined, evenly } from './elements.ts';
export {
  ERROR_CODES,
  type ErrorCode,
  type ErrorDetails,
  type FailedInput,
  failedInput,
  fromFileSystem,
  NeurodexError,
  tooFewLeft,
  withFailed,
} from './errors.ts';
export { throwIfInterrupted } from './interrupted.ts';
export { captionOf, listed, visibleName } from './names.ts';
export { type ProgressEvent, type Reporter, silentReporter } from './progress.ts';
export { isRecord, mapValues } from './records.ts';
export { shellQuote } from './shell.ts';
export { threadsFrom } from './threads.ts';
export { errorCode, errorMessage, isSystemError, type SystemError, systemError } from './thrown.ts';
