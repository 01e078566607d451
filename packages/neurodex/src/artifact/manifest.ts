import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import {
  checkSeal,
  checkVersion,
  damaged,
  digestFile,
  digestOf,
  type FileDigest,
  malformed,
  openListed,
  parseJson,
  readSmall,
  refuseSpecialFilesIn,
  sealed,
  writeFileAtomically,
} from '@neurodex/core/storage';
import { RUN_LOG } from '@neurodex/tracking';
import { z } from 'zod';
import { configSchema, EMBEDDINGS } from '../config.ts';
import { preprocessingSchema } from '../query/preprocessing.ts';
import { SYSTEM_NAMES, type SystemName } from '../query/system.ts';
import {
  CATALOGUE_FILE,
  ENCODER_FILE,
  FORMAT,
  INDEX_FILE,
  MODEL_FILE,
  NEIGHBOURS_FILE,
  PLAN_FILE,
  TEXT_ENCODER_FILE,
  TEXT_MODEL_FILE,
  TOKENIZER_FILE,
  VERSION,
  VOCABULARY_FILE,
} from './index-description.ts';
import { RELEVANCE_FILE } from './relevance-file.ts';

export {
  CATALOGUE_FILE,
  CATALOGUE_FOLDER,
  describeIndex,
  ENCODER_FILE,
  INDEX_FILE,
  MODEL_FILE,
  NEIGHBOURS_FILE,
  PLAN_FILE,
  TEXT_ENCODER_FILE,
  TEXT_MODEL_FILE,
  TOKENIZER_FILE,
  VOCABULARY_FILE,
} from './index-description.ts';

const metrics = z.record(z.string(), z.number());

/**
 * The configuration that an index was made with. Only what searching needs is required of it: an index outlives keys
 * that are added later.
 */
const { pictures, identifiers, text, retrieval, bovw } = configSchema.shape;
const recordedConfig = z.looseObject({
  pictures: z.looseObject({ maxPixels: pictures.shape.maxPixels, thumbnail: pictures.shape.thumbnail }),
  identifiers: z.looseObject({ scheme: identifiers.shape.scheme, branching: identifiers.shape.branching }),
  model: z.looseObject({ embedding: z.enum(EMBEDDINGS) }).optional(),
  text: z.looseObject({ withheld: text.shape.withheld.optional() }).optional(),
  retrieval: z.looseObject({ exactUpTo: retrieval.shape.exactUpTo, beam: retrieval.shape.beam }),
  bovw: z.looseObject({ weighting: bovw.shape.weighting }).optional(),
});
export type RecordedConfig = Readonly<z.infer<typeof recordedConfig>>;

const count = z.int().min(0);
const listed = <Name extends string>(file: Name) =>
  z.object({ file: z.literal(file), bytes: count, sha256: z.string().regex(/^[0-9a-f]{64}$/) });

/** What an index knows of its bag of visual words. */
export const bovwFacts = z.object({
  vocabulary: listed(VOCABULARY_FILE),
  /** Of the catalogue pictures, all together. */
  descriptors: count,
  /** Catalogue pictures without a keypoint. */
  withoutKeypoints: count,
  /** Of the vocabulary: sum of the squared distances of the descriptors to their words. */
  inertia: z.number().min(0),
  /** The graph of approximate search, where the catalogue is large enough for one. */
  neighbours: listed(NEIGHBOURS_FILE).optional(),
});

/** What an index knows of its encoder. */
export const encoderFacts = listed(ENCODER_FILE).extend({
  input: z.string(),
  output: z.string(),
  /** Edge of the picture that it takes. */
  size: configSchema.shape.encoder.shape.size.min(1),
  mean: z.array(z.number()).length(3),
  std: z.array(z.number()).length(3),
  /** P */
  tokens: z.int().min(1),
  /** C */
  channels: z.int().min(1),
  /** How a picture becomes its input, where the encoder came with that. */
  preprocessing: preprocessingSchema.optional(),
  /** Of an encoder that is known by a name: where it is from, and whose it is. */
  published: z
    .object({
      name: z.string(),
      source: z.string(),
      revision: z.string(),
      licence: z.string(),
      /** Of the licence's text. */
      url: z.string(),
    })
    .optional(),
});

/** What an index knows of its frozen text encoder: how it is fed and read (models/text-encoder). */
export const textEncoderFacts = listed(TEXT_ENCODER_FILE).extend({
  ids: z.string(),
  mask: z.string().nullable(),
  types: z.string().nullable(),
  output: z.string(),
  pooling: z.enum(['none', 'mean', 'first']),
  length: z.int().min(1).max(8192),
  padded: z.boolean(),
  padding: count,
  batch: z.int().min(1).nullable(),
  channels: z.int().min(1),
  /** Added to its unit vectors, [C], which then lie where those of the pictures do; null where the network reads them as they are. */
  shift: z.array(z.number()).nullable(),
});

/** What an index knows of the network that reads. */
export const textFacts = z.object({
  tokenizer: listed(TOKENIZER_FILE),
  /** In front of the network. */
  encoder: textEncoderFacts.optional(),
  model: listed(TEXT_MODEL_FILE).extend({ parameters: z.int().min(1) }),
  /** Different captions, labels and names that it learned from. */
  texts: count,
});

export type TextFacts = Readonly<z.infer<typeof textFacts>>;

/** Counters of the changes of an index. */
export interface ChangeCounts {
  /** Changes so far. */
  readonly revision: number;
  /** The id that the next picture gets: none is given twice. */
  readonly nextId: number;
  /** Pictures that were added. */
  readonly added: number;
  /** Pictures that were removed. */
  readonly removed: number;
  /** Of those removed, the ones that were there when it was built: the network may have learned from them. */
  readonly learned: number;
  /** Identifiers that pictures got in place of others, because their cluster was divided or numbered anew. */
  readonly renamed: number;
}

const changeCounts: z.ZodType<ChangeCounts> = z.object({
  ...{ revision: count, nextId: count, added: count, removed: count, learned: count, renamed: count },
});

const manifestSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  /** Of the program that made it. */
  neurodex: z.string(),
  created: z.string(),
  seed: z.int(),
  dataset: z.object({ name: z.string(), source: z.string() }),
  config: recordedConfig,
  /** Seconds that each stage of the build took, by its name. */
  stages: z.record(z.string(), z.number().min(0)).optional(),
  /** What can answer queries, each once. */
  systems: z
    .array(z.enum(SYSTEM_NAMES))
    .min(1)
    .refine((names) => new Set(names).size === names.length),
  catalogue: listed(CATALOGUE_FILE),
  /** What has happened to the catalogue since it was built. */
  changes: changeCounts.optional(),
  /** Of the system dsi. */
  model: listed(MODEL_FILE)
    .extend({ parameters: z.int().min(1) })
    .optional(),
  training: z
    .object({
      device: z.string(),
      steps: count,
      seconds: z.number().min(0),
      /** Of the parameters that are kept. */
      validation: metrics,
      /** Why training stopped before its time, where it did. */
      stopped: z.string().optional(),
    })
    .optional(),
  /** Of the system bovw. */
  bovw: bovwFacts.optional(),
  /** In front of the network, or of the system encoder. */
  encoder: encoderFacts.optional(),
  /** Of a network that takes words. */
  text: textFacts.optional(),
  /** How scores become probabilities, where there were queries to fit that to. */
  relevance: listed(RELEVANCE_FILE).optional(),
  /** The run log, of which reports draw the learning curve. */
  log: listed(RUN_LOG).optional(),
  /** SHA-256 of all of the above (`digestOf`): the one digest of the index, for every other is in it. */
  digest: z.string(),
});

export type IndexManifest = Readonly<z.infer<typeof manifestSchema>>;

/** What a manifest says beside the digests of what lies in the folder. */
export type IndexDescription = Omit<IndexManifest, 'catalogue' | 'relevance' | 'log' | 'digest'>;

/** Writes the manifest of a folder that is complete otherwise: what is in it is listed with its digests. @param name of its file, within the folder */
export async function writeIndexManifest(
  folder: string,
  description: IndexDescription,
  name: string = INDEX_FILE,
): Promise<void> {
  const list = async (file: string) => {
    const { bytes, sha256 } = await digestFile(join(folder, file));
    return { file, bytes, sha256 };
  };
  const catalogue = await list(CATALOGUE_FILE);
  const log = existsSync(join(folder, RUN_LOG)) ? { log: await list(RUN_LOG) } : {};
  const relevance = existsSync(join(folder, RELEVANCE_FILE)) ? { relevance: await list(RELEVANCE_FILE) } : {};
  await writeFileAtomically(join(folder, name), sealed({ ...description, catalogue, ...relevance, ...log }));
}

/** The manifest of an index whose catalogue is another one now, and the text of its file. */
export function sealIndex(
  facts: Omit<IndexManifest, 'catalogue' | 'digest'>,
  catalogue: FileDigest,
): { readonly manifest: IndexManifest; readonly text: string } {
  const described = { ...facts, catalogue: { file: CATALOGUE_FILE, ...catalogue } };
  return { manifest: { ...described, digest: digestOf(described) }, text: sealed(described) };
}

/** @throws NeurodexError `index-missing`, `index-damaged`, `index-newer`, `index-older` */
export async function readIndexManifest(folder: string, name: string = INDEX_FILE): Promise<IndexManifest> {
  await refuseSpecialFilesIn(folder);
  const file = join(folder, name);
  const value = parseJson(
    await readSmall(file).catch((error) => {
      if (!(error instanceof NeurodexError) || error.code !== 'index-missing') throw error;
      const isPlace = existsSync(join(folder, PLAN_FILE));
      const what = isPlace ? 'is an index in shards, and not one index' : 'is not an index';
      throw new NeurodexError('index-missing', `${folder} ${what}: there is no ${INDEX_FILE} in it`, {
        hint: isPlace
          ? 'search, evaluate, add, remove, serve and shards take an index in shards'
          : 'name the folder of an index; `neurodex index SOURCE --out DIR` makes one',
        details: { folder },
        cause: error,
      });
    }),
    file,
  );
  checkVersion(value, { file, format: FORMAT, version: VERSION, what: 'index' });
  const { format } = (value ?? {}) as { format?: unknown };
  if (format === FORMAT) checkSeal(value, file);
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) throw malformed(file, 'an index', parsed.error);
  const { systems, model, bovw: words, encoder } = parsed.data;
  const held = { dsi: model, bovw: words, encoder, pixels: true, bm25: true };
  const without = systems.find((name) => held[name] === undefined);
  if (without !== undefined) throw damaged(file, `lists the system ${without}, and nothing that it is made of`);
  return parsed.data;
}

/** Files of the folder that the manifest lists: their names, with / between folders. */
export const listedIn = ({ catalogue, model, bovw, encoder, text, relevance, log }: IndexManifest) =>
  [
    catalogue,
    model,
    bovw?.vocabulary,
    bovw?.neighbours,
    encoder,
    text?.tokenizer,
    text?.encoder,
    text?.model,
    relevance,
    log,
  ].filter((file) => file !== undefined);

/** A file of the index, as it was written. @throws NeurodexError `index-missing`, `index-damaged`, `index-unreadable` */
export async function readListed(folder: string, listed: FileDigest & { readonly file: string }): Promise<Uint8Array> {
  // A change that was cut off may have left it under the name that it has before it is listed.
  const file = await openListed(join(folder, listed.file), listed);
  try {
    return new Uint8Array(await file.slice(0));
  } finally {
    await file.close();
  }
}

/** An index was made without a system. */
export function missingSystem(folder: string, { systems }: IndexManifest, name: SystemName): NeurodexError {
  return new NeurodexError('system-missing', `${folder} was made without ${name}; it has ${systems.join(', ')}`, {
    hint: `ask for one of those, or build the index again with \`neurodex index … --systems ${[...systems, name].join(',')}\``,
    details: { folder, system: name, systems },
  });
}
