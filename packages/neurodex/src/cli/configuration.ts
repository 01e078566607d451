import { resolve } from 'node:path';
import { isRecord, NeurodexError } from '@neurodex/core';
import { readJson, whyUnreadable } from '@neurodex/core/json';
import { refuseSpecialFile } from '@neurodex/core/storage';
import type { Config } from '../config.ts';
import { presetName } from '../configuration/preset-name.ts';
import { collect, configurationOf, type Given, type Values } from '../configuration/values.ts';
import { PRESETS } from '../presets/presets.ts';

export interface ConfigurationRequest {
  /** `--preset`; it goes before the preset that a file names. */
  readonly preset?: string | undefined;
  /** `--config`: a JSON file with any part of a configuration, and perhaps "preset". */
  readonly file?: string | undefined;
  /** `--set`: 'key=value', later ones over earlier ones. */
  readonly settings?: readonly string[];
  /** What stands in for a preset where neither `preset` nor `file` is given: the configuration of an unfinished run. */
  readonly base?: Config;
  /** Where relative files are looked for. */
  readonly cwd: string;
}

/**
 * The configuration that a command was asked for: preset, then the file's keys, then those of `--set`.
 * @throws NeurodexError `unknown-preset`, `config-unreadable`, `config-unknown-key`, `config-invalid`
 */
export async function resolveConfiguration(request: ConfigurationRequest): Promise<Config> {
  const file = request.file === undefined ? undefined : await readConfigurationFile(request.file, request.cwd);
  const preset = request.preset === undefined ? file?.preset : { value: request.preset, origin: '--preset' };
  const values: Values = new Map();
  const name = presetName(preset ?? { value: 'default', origin: 'the default' });
  const goesOn = request.base !== undefined && request.preset === undefined && file === undefined;
  const base = goesOn
    ? { value: request.base, origin: 'the unfinished run' }
    : { value: PRESETS[name], origin: `the preset ${name}` };
  collect(values, '', base);
  if (file !== undefined) collect(values, '', file.rest);
  for (const setting of request.settings ?? []) applySetting(values, setting);
  return configurationOf(values, base.origin);
}

async function readConfigurationFile(file: string, cwd: string): Promise<{ preset: Given | undefined; rest: Given }> {
  const unreadable = (what: string, cause?: unknown): NeurodexError =>
    new NeurodexError('config-unreadable', `${file} ${what}`, {
      hint: 'give --config a JSON file such as {"preset": "quick", "training": {"batchSize": 32}}',
      details: { file },
      cause,
    });
  await refuseSpecialFile(resolve(cwd, file), 'config-unreadable');
  let value: unknown;
  try {
    value = await readJson(resolve(cwd, file));
  } catch (error) {
    throw unreadable(whyUnreadable(error), error);
  }
  if (!isRecord(value)) throw unreadable('does not hold a JSON object');
  const { preset, ...rest } = value;
  return {
    preset: preset === undefined ? undefined : { value: preset, origin: file },
    rest: { value: rest, origin: file },
  };
}

function applySetting(values: Values, setting: string): void {
  const at = setting.indexOf('=');
  const origin = `--set ${setting}`;
  const path = setting.slice(0, Math.max(0, at)).trim();
  if (path === '') {
    throw new NeurodexError('usage', `${origin} does not have the form key=value`, {
      hint: 'write --set training.batchSize=32',
      details: { setting },
    });
  }
  // 'preset' is no key of the schema, and so is refused with the rest; it deserves a better hint than the nearest key.
  if (path === 'preset') {
    throw new NeurodexError('config-unknown-key', `${origin}: preset is not a configuration key`, {
      hint: `write --preset ${setting.slice(at + 1)}`,
      details: { key: path },
    });
  }
  collect(values, path, { value: jsonOrText(setting.slice(at + 1).trim()), origin });
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
