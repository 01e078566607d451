import { NeurodexError } from '@neurodex/core';
import { PRESETS, type PresetName } from '../presets/presets.ts';
import { nearest } from './nearest.ts';
import type { Given } from './values.ts';

const isPresetName = (value: unknown): value is PresetName =>
  typeof value === 'string' && Object.hasOwn(PRESETS, value);

/** @throws NeurodexError `unknown-preset` */
export function presetName({ value, origin }: Given): PresetName {
  if (isPresetName(value)) return value;
  const known = Object.keys(PRESETS);
  const near = nearest(String(value), known);
  throw new NeurodexError('unknown-preset', `${origin}: there is no preset ${JSON.stringify(value)}`, {
    hint: `did you mean ${near}? Presets: ${known.join(', ')}`,
    details: { preset: String(value), presets: known },
  });
}
