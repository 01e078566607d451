import { defined } from '@neurodex/core';
import { z } from 'zod';
import { configSchema } from '../config.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

const HEAD = `// Written by docs/update.ts from the schema in config.ts.

/** Every setting of an index. A preset is a complete one; \`buildIndex\` takes changes of single settings. */
export interface Configuration {`;

const TAIL = `
/** Settings that differ from those of a preset: any keys of any sections. */
export type ConfigurationChanges = {
  readonly [Section in keyof Configuration]?: Partial<Configuration[Section]>;
};
`;

/** What each section is about, where its name does not say it. */
const SECTIONS: Readonly<Record<keyof z.infer<typeof configSchema>, string>> = {
  dataset: 'Which pictures of a data set are taken.',
  pictures: 'Sizes of the pictures.',
  split: 'What becomes the catalogue, and what queries to train, validate and test with.',
  identifiers: 'How catalogue pictures are named.',
  encoder: 'A frozen image encoder.',
  model: 'The network.',
  training: 'How the network is trained.',
  text: 'How the network learns to read.',
  augmentation: 'How pictures are changed for training.',
  retrieval: 'How identifiers are searched.',
  bovw: 'The bag of visual words.',
};

/** The text of configuration.ts: the schema as documented interfaces, which name no type of its library. */
export function configurationInterface(): string {
  const { properties = {} } = z.toJSONSchema(configSchema);
  const sections = Object.entries(properties).flatMap(([name, schema]) =>
    typeof schema === 'boolean'
      ? []
      : [{ name, type: `${name[0]?.toUpperCase()}${name.slice(1)}Configuration`, schema }],
  );
  const members = sections.map(({ name, type }) => `  /** ${summaryOf(name)} */\n  readonly ${name}: ${type};`);
  const interfaces = sections.map(({ name, type, schema }) =>
    [
      `\n/** ${summaryOf(name)} A section of \`Configuration\`. */\nexport interface ${type} {`,
      ...Object.entries(schema.properties ?? {}).map(([key, inner]) => member(key, inner)),
      '}',
    ].join('\n'),
  );
  return `${HEAD}\n${members.join('\n')}\n}\n${interfaces.join('\n')}\n${TAIL}`;
}

const isSection = (name: string): name is keyof typeof SECTIONS => Object.hasOwn(SECTIONS, name);
const summaryOf = (name: string): string =>
  defined(isSection(name) ? SECTIONS[name] : undefined, `a summary of ${name}`);

function member(key: string, schema: JsonSchema | boolean): string {
  if (typeof schema === 'boolean') throw new RangeError(`${key} may be anything`);
  const { description = '' } = schema;
  const text = description === '' ? key : `${description[0]?.toUpperCase()}${description.slice(1)}.`;
  return `  /** ${text} */\n  readonly ${key}: ${typeOf(schema)};`;
}

function typeOf({ enum: choices, const: only, type }: JsonSchema): string {
  if (choices !== undefined) return choices.map((choice) => `'${choice}'`).join(' | ');
  if (only !== undefined) return `'${only}'`;
  if (type === 'array') return 'readonly number[]';
  return type === 'integer' || type === 'number' ? 'number' : type === 'boolean' ? 'boolean' : 'string';
}
