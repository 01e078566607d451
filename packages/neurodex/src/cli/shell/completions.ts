import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import type { CommandShape } from './shape.ts';
import { zshCompletion } from './zsh.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Scripts that complete the command line, by the shell that runs them. */
export const COMPLETIONS: { readonly [Name in Shell]: (program: CommandShape) => string } = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};
