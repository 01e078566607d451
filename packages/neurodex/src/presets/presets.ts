import type { Config } from '../config.ts';
import { standard } from './default.ts';
import { demo } from './demo.ts';
import { joint } from './joint.ts';
import { quick } from './quick.ts';
import { seed } from './seed.ts';

/** Every preset by the name that `--preset` takes. */
export const PRESETS = { default: standard, joint, quick, seed, demo } as const satisfies Readonly<
  Record<string, Config>
>;
export type PresetName = keyof typeof PRESETS;
