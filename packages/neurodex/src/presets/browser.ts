import type { Config } from '../config.ts';
import { standard } from './default.ts';

/**
 * The preset `default` for somebody's own pictures: all of them can be found, none is kept back as a query, and they are searched with
 * pictures alone.
 */
export const browserConfig: Config = {
  ...standard,
  split: { ...standard.split, retrievalFraction: 0 },
  text: { ...standard.text, tokens: 0 },
};
