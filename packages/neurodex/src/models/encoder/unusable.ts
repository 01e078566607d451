import { NeurodexError } from '@neurodex/core';

/** @param name of the file */
export const unusable = (name: string, what: string, more: { hint: string; cause?: unknown }): NeurodexError =>
  new NeurodexError('encoder-unusable', `the encoder ${name} ${what}`, {
    hint: more.hint,
    details: { file: name },
    ...(more.cause === undefined ? {} : { cause: more.cause }),
  });

/** The same of a file that belongs to an encoder. */
export const unusableFile = (name: string, what: string, more: { hint: string; cause?: unknown }): NeurodexError =>
  new NeurodexError('encoder-unusable', `${name} ${what}`, {
    hint: more.hint,
    details: { file: name },
    ...(more.cause === undefined ? {} : { cause: more.cause }),
  });
