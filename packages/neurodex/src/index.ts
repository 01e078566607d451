export { type Config, configSchema } from './config.ts';
export { type ErrorCode, NeurodexError } from './errors.ts';
