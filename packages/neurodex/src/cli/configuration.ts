import { resolve } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import { readJson, whyUnreadable } from '@neurodex/core/json';
import { refuseSpecialFile } from '@neurodex/core/storage';
import { checkConfig, invalidConfig } from '../check-config.ts';
import { type Config, configSchema } from '../config.ts';
import { PRESETS, type PresetName } from '../presets/presets.ts';
import { CONFIGURATION_KEYS, CONFIGURATION_SECTIONS } from './configuration-keys.ts';
import { nearest } from './suggest.ts';

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

/** A value and who said it, as a user would recognise it. */
interface Given {
  readonly value: unknown;
  readonly origin: string;
}
/** Values by full path; no path is in it that the schema does not have. */
type Values = Map<string, Given>;

const KEYS: ReadonlyMap<string, string> = new Map(CONFIGURATION_KEYS.map(({ path, allowed }) => [path, allowed]));

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
  keepOwnSize(values, base.origin);
  return validate(values);
}

/** Who sets the size of the pictures and nothing of patches per dimension does not want it to follow the data set. */
function keepOwnSize(values: Values, base: string): void {
  const isTheBases = (key: string): boolean => values.get(key)?.origin === base;
  if (isTheBases('pictures.size') || !isTheBases('dataset.patchesPerDimension')) return;
  values.set('dataset.patchesPerDimension', { value: 0, origin: 'pictures.size, which is set' });
}

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
  if (!isObject(value)) throw unreadable('does not hold a JSON object');
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

/** Takes a value apart into full paths. Only paths of the schema get in, whatever names a file may hold. */
function collect(values: Values, path: string, { value, origin }: Given): void {
  if (KEYS.has(path)) {
    values.set(path, { value, origin });
    return;
  }
  if (path !== '' && !CONFIGURATION_SECTIONS.includes(path)) throw unknownKey(path, origin);
  if (!isObject(value)) {
    throw invalidConfig([
      {
        key: path,
        message: `${path} must be an object of keys, not ${show(value)} (${origin})`,
        hint: `set single keys, such as ${keysOf(path)[0]}`,
      },
    ]);
  }
  for (const [name, inner] of Object.entries(value)) {
    collect(values, path === '' ? name : `${path}.${name}`, { value: inner, origin });
  }
}

function unknownKey(path: string, origin: string): NeurodexError {
  const known = [...KEYS.keys()];
  // A bare name is mostly a key without its section: compare it with the last parts too.
  const last = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  const near = known.find((key) => key.toLowerCase().endsWith(`.${last}`)) ?? nearest(path, known);
  return new NeurodexError('config-unknown-key', `${origin}: there is no configuration key ${path}`, {
    hint: `did you mean ${near}? All keys are in docs/cli.md`,
    details: { key: path, origin, ...(near === undefined ? {} : { nearest: near }) },
  });
}

function validate(values: Values): Config {
  const nested: Record<string, Record<string, unknown>> = {};
  for (const [path, { value }] of values) {
    const [section = '', name = ''] = path.split('.');
    nested[section] ??= {};
    nested[section][name] = value;
  }
  const parsed = configSchema.safeParse(nested);
  if (!parsed.success) {
    const wrong = [...new Set(parsed.error.issues.map(({ path }) => path.join('.')))];
    throw invalidConfig(
      wrong.map((key) => {
        const { value, origin } = values.get(key) ?? { value: undefined, origin: 'nobody' };
        return {
          key,
          message: `${key} must be ${KEYS.get(key)}, not ${show(value)} (${origin})`,
          hint: `set ${key} to ${KEYS.get(key)}`,
        };
      }),
    );
  }
  checkConfig(parsed.data);
  return parsed.data;
}

const keysOf = (section: string): string[] =>
  [...KEYS.keys()].filter((key) => section === '' || key.startsWith(`${section}.`));

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const show = (value: unknown): string => {
  // JSON has no word for infinity.
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
};
