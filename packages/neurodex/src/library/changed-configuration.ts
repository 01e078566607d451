import type { Config } from '../config.ts';
import { presetName } from '../configuration/preset-name.ts';
import { collect, configurationOf, type Values } from '../configuration/values.ts';
import { PRESETS } from '../presets/presets.ts';
import type { PlanOptions } from './build-options.ts';

/**
 * A preset with changes.
 * @param begun configuration of an unfinished run, which stands in for the preset where none is named
 * @throws NeurodexError `unknown-preset`, `config-unknown-key`, `config-invalid`
 */
export function changedConfiguration(
  { preset, config = {} }: Pick<PlanOptions, 'preset' | 'config'>,
  begun?: Config,
): Config {
  const name = presetName({ value: preset ?? 'default', origin: 'preset' });
  const base =
    begun !== undefined && preset === undefined
      ? { value: begun, origin: 'the unfinished run' }
      : { value: PRESETS[name], origin: `the preset ${name}` };
  const values: Values = new Map();
  collect(values, '', base);
  collect(values, '', { value: config, origin: 'config' });
  return configurationOf(values, base.origin);
}
