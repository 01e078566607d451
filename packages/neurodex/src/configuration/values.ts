import { isRecord, NeurodexError } from '@neurodex/core';
import { checkConfig, invalidConfig } from '../check-config.ts';
import { type Config, configSchema } from '../config.ts';
import { CONFIGURATION_KEYS, CONFIGURATION_SECTIONS } from './keys.ts';
import { nearest } from './nearest.ts';

/** A value and who said it, as a user would recognise it. */
export interface Given {
  readonly value: unknown;
  readonly origin: string;
}

/** Values by full path; no path is in it that the schema does not have. */
export type Values = Map<string, Given>;

const KEYS: ReadonlyMap<string, string> = new Map(CONFIGURATION_KEYS.map(({ path, allowed }) => [path, allowed]));

/** Takes a value apart into full paths. Only paths of the schema get in, whatever names a file may hold. */
export function collect(values: Values, path: string, { value, origin }: Given): void {
  if (KEYS.has(path)) {
    values.set(path, { value, origin });
    return;
  }
  if (path !== '' && !CONFIGURATION_SECTIONS.includes(path)) throw unknownKey(path, origin);
  if (!isRecord(value)) {
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

/**
 * The configuration of all values.
 * @param base origin of those that nobody set
 * @throws NeurodexError `config-invalid`
 */
export function configurationOf(values: Values, base: string): Config {
  keepOwnSize(values, base);
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

const show = (value: unknown): string => {
  // JSON has no word for infinity.
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
};

/** Who sets the size of the pictures and nothing of patches per dimension does not want it to follow the data set. */
function keepOwnSize(values: Values, base: string): void {
  const isTheBases = (key: string): boolean => values.get(key)?.origin === base;
  if (isTheBases('pictures.size') || !isTheBases('dataset.patchesPerDimension')) return;
  values.set('dataset.patchesPerDimension', { value: 0, origin: 'pictures.size, which is set' });
}
