import type { Configuration } from '../configuration/configuration.ts';
import { PRESETS as CONFIGS, type PresetName } from '../presets/presets.ts';

/**
 * Complete configurations, by their names.
 *
 * @example
 * ```ts
 * import { PRESETS } from 'neurodex';
 *
 * console.log(PRESETS.default.training.plan, PRESETS.quick.training.plan); // → write joint
 * ```
 */
export const PRESETS: { readonly [Name in PresetName]: Configuration } = CONFIGS;
