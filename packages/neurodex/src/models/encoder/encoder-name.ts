import { existsSync } from 'node:fs';
import { NeurodexError } from '@neurodex/core';
import { closest } from 'fastest-levenshtein';
import { ENCODER_NAMES, type EncoderName } from '../../config.ts';
import { isEncoderName } from './named-encoders.ts';

/** A path has a separator or an extension; what has neither is a name. */
const isPath = (value: string): boolean => /[/\\.]/.test(value);

/**
 * The encoder that a value names; undefined for a path. A word that is no name may still be a file or a folder here.
 * @throws NeurodexError `encoder-unusable` for a name that nobody knows
 */
export function encoderNameOf(value: string): EncoderName | undefined {
  if (isEncoderName(value)) return value;
  if (value === '' || isPath(value) || existsSync(value)) return undefined;
  throw new NeurodexError(
    'encoder-unusable',
    `there is no encoder ${JSON.stringify(value)}, and no file of that name`,
    {
      hint: `did you mean ${closest(value.toLowerCase(), [...ENCODER_NAMES])}? Encoders: ${ENCODER_NAMES.join(', ')}; a path is written with a slash or an ending`,
      details: { file: value, encoders: [...ENCODER_NAMES] },
    },
  );
}
