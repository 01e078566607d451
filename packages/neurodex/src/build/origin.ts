import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import { checkSeal, damaged, hasSeal, parseJson, readSmall, sealed, writeFileAtomically } from '@neurodex/core/storage';
import type { Dataset, InputReading } from '@neurodex/datasets';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { VERSION } from '../version.ts';
import { fingerprintOf, fingerprintSchema, otherDataset, withEntries } from './fingerprint.ts';
import { digestOfParameters } from './initial-parameters.ts';
import { digestOfEncoder } from './open-encoder.ts';
import { digestOfTextEncoder } from './open-text-encoder.ts';

/** What an index is made of, beside its settings; in the index, so that `--resume` knows. */
export const ORIGIN_FILE = 'origin.json';
const FORMAT = 'neurodex-origin';

const digest = z.string().nullable();
const originSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(1),
  /** Of the program. */
  neurodex: z.string(),
  /** SHA-256 of the file of `encoder.file`; null where there is none, or none that can be read. */
  encoder: digest,
  /** SHA-256 of the text encoder and its tokenizer. */
  textEncoder: digest.default(null),
  /** SHA-256 of the parameters of `training.initialise`. */
  initialise: digest,
  dataset: fingerprintSchema,
});
export type Origin = Readonly<z.infer<typeof originSchema>>;

/** Reads everything that an index would be made of. @throws NeurodexError of the data set, `interrupted` */
export async function originOf(dataset: Dataset, config: Config, reading: InputReading): Promise<Origin> {
  return {
    format: FORMAT,
    version: 1,
    neurodex: VERSION,
    encoder: await digestOfEncoder(config.encoder.file),
    textEncoder: await digestOfTextEncoder(config),
    initialise: await digestOfParameters(config.training.initialise),
    dataset: await fingerprintOf(dataset, reading),
  };
}

export const writeOrigin = (folder: string, origin: Origin): Promise<void> =>
  writeFileAtomically(join(folder, ORIGIN_FILE), sealed(origin));

/** Undefined where a folder does not say what it was made of, or says it with changes. */
export async function readOrigin(folder: string): Promise<Origin | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(join(folder, ORIGIN_FILE), 'utf8'));
    const origin = originSchema.parse(value);
    return hasSeal(value) ? origin : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The text of the file without some pictures; undefined where it names none of them.
 * @throws NeurodexError `index-damaged` for a text that is no origin
 */
export function withoutPictures(text: string, paths: ReadonlySet<string>): string | undefined {
  const parsed = originSchema.safeParse(JSON.parse(text));
  if (!parsed.success) throw damaged(ORIGIN_FILE, 'does not say what the index was made of');
  const { dataset, ...origin } = parsed.data;
  const entries = dataset.entries.filter(([path]) => !paths.has(path));
  const gone = dataset.entries.length - entries.length;
  if (gone === 0) return undefined;
  return sealed({ ...origin, dataset: withEntries(dataset, entries, dataset.pictures - gone) });
}

/**
 * Whether what a folder says of its origin is as it was written.
 * @throws NeurodexError `index-missing`, `index-damaged`, `index-unreadable`
 */
export async function checkOrigin(folder: string): Promise<void> {
  const path = join(folder, ORIGIN_FILE);
  const value = parseJson(await readSmall(path), path);
  checkSeal(value, path);
  if (!originSchema.safeParse(value).success) throw damaged(path, 'does not say what the index was made of');
}

/** In what two origins differ, in words. A file that is gone by now says nothing: a copy of it is in the index. */
export function otherOrigin(before: Origin, now: Origin, { encoder, text, training }: Config): string[] {
  const words: string[] = [];
  const other = otherDataset(before.dataset, now.dataset);
  if (other !== undefined) words.push(`another data set (${other})`);
  for (const [file, was, is] of [
    [`${encoder.file} (encoder.file)`, before.encoder, now.encoder],
    [`${text.encoder || encoder.file} (text.encoder)`, before.textEncoder, now.textEncoder],
    [`${training.initialise} (training.initialise)`, before.initialise, now.initialise],
  ] as const) {
    if (was !== null && is !== null && was !== is) words.push(`${file} has other contents`);
  }
  if (before.neurodex !== now.neurodex)
    words.push(`it was made by Neurodex ${before.neurodex}, and this is ${now.neurodex}`);
  return words;
}

/** The error of a folder that says nothing of it where it should. */
export const withoutOrigin = (folder: string): NeurodexError =>
  new NeurodexError(
    'run-changed',
    `${folder} does not say what it was made of (${ORIGIN_FILE}), so it cannot be compared`,
    {
      hint: 'start anew with --force, or choose another --out',
      details: { path: folder },
    },
  );
