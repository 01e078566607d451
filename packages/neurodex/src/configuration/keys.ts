import { z } from 'zod';
import { configSchema } from '../config.ts';

/** One value of the configuration: what `--set` takes, by its full path. */
export interface ConfigurationKey {
  /** 'model.width' */
  readonly path: string;
  /** What it may be, in words: 'an integer from 8 to 512'. */
  readonly allowed: string;
  readonly description: string | undefined;
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Every key of the configuration, in the order of the schema. */
export const CONFIGURATION_KEYS: readonly ConfigurationKey[] = [...leaves(z.toJSONSchema(configSchema), [])];

/** The keys that hold others: 'model', 'training' … */
export const CONFIGURATION_SECTIONS: readonly string[] = [
  ...new Set(CONFIGURATION_KEYS.map(({ path }) => path.slice(0, path.lastIndexOf('.')))),
];

function* leaves(property: JsonSchema | boolean, path: readonly string[]): Generator<ConfigurationKey> {
  // A property that anything may be, or nothing: no schema of a configuration has one.
  if (typeof property === 'boolean') return;
  if (property.properties === undefined) {
    yield { path: path.join('.'), allowed: allowed(property), description: property.description };
    return;
  }
  for (const [name, inner] of Object.entries(property.properties)) yield* leaves(inner, [...path, name]);
}

function allowed(property: JsonSchema): string {
  const choices = property.enum ?? (property.const === undefined ? undefined : [property.const]);
  if (choices !== undefined) return choices.join(' or ');
  if (property.type === 'boolean') return 'true or false';
  if (property.type === 'string') return 'a text';
  if (property.type === 'array') return `a list of at most ${property.maxItems} numbers`;
  const kind = property.type === 'integer' ? 'an integer' : 'a number';
  const { minimum, exclusiveMinimum, exclusiveMaximum } = property;
  // An integer without a bound of its own carries the largest that a double holds exactly, which tells nobody anything.
  const maximum = property.maximum === Number.MAX_SAFE_INTEGER ? undefined : property.maximum;
  if (minimum !== undefined && maximum !== undefined) return `${kind} from ${minimum} to ${maximum}`;
  const bounds = [
    minimum === undefined ? '' : `of ${minimum} or more`,
    exclusiveMinimum === undefined ? '' : `above ${exclusiveMinimum}`,
    maximum === undefined ? '' : `of at most ${maximum}`,
    exclusiveMaximum === undefined ? '' : `below ${exclusiveMaximum}`,
  ].filter((bound) => bound !== '');
  return [kind, bounds.join(' and ')].join(' ').trim();
}
