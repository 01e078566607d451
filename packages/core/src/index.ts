export {
  type ErrorCode,
  type ErrorDetails,
  type FailedInput,
  failedInput,
  fromFileSystem,
  NeurodexError,
  tooFewLeft,
  withFailed,
} from './errors.ts';
export { captionOf, listed, visibleName } from './names.ts';
export { type ProgressEvent, type Reporter, silentReporter } from './progress.ts';
export { shellQuote } from './shell.ts';
