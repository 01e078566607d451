import type { Config } from '../config.ts';
import { standard } from './default.ts';
import { demo } from './demo.ts';
import { joint } from './joint.ts';
import { quick } from './quick.ts';
import { seed } from './seed.ts';

/** The presets. */
export const PRESET_NAMES = ['default', 'joint', 'quick', 'seed', 'demo'] as const;
/** A complete configuration by its name. */
export type PresetName = (typeof PRESET_NAMES)[number];

/** Every preset by the name that `--preset` takes. */
export const PRESETS = { default: standard, joint, quick, seed, demo } as const satisfies Readonly<
  Record<PresetName, Config>
>;
