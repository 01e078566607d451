import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { configSchema, EMBEDDINGS } from '../config.ts';
import { NeurodexError } from '../errors.ts';
import { JsonProblem, readJson, schemaProblem } from '../json.ts';
import { writeFileAtomically } from '../storage/atomic.ts';
import { refuseSpecialFilesIn } from '../storage/special-files.ts';
import { SYSTEMS } from './system.ts';

/** The files of an index folder. */
export const INDEX_FILE = 'index.json';
export const CATALOGUE_FOLDER = 'catalogue';
export const MODEL_FILE = 'model.safetensors';
export const VOCABULARY_FILE = 'vocabulary.safetensors';
export const NEIGHBOURS_FILE = 'bovw.usearch';
export const ENCODER_FILE = 'encoder.onnx';

const FORMAT = 'neurodex-index';
const VERSION = 1;

const figures = z.record(z.string(), z.number());

/**
 * The configuration that an index was made with. Only what searching needs is required of it: an index outlives keys
 * that are added later.
 */
const { pictures, identifiers, retrieval, bovw } = configSchema.shape;
const recordedConfig = z.looseObject({
  pictures: z.looseObject({ maxPixels: pictures.shape.maxPixels, thumbnail: pictures.shape.thumbnail }),
  // The first indexes did not say how their clusters branch: they had none.
  identifiers: z.looseObject({
    scheme: identifiers.shape.scheme,
    branching: identifiers.shape.branching.default(10),
  }),
  // Nor what an embedding stands for: tokens.
  model: z.looseObject({ embedding: z.enum(EMBEDDINGS).default('token') }).optional(),
  retrieval: z.looseObject({ exactUpTo: retrieval.shape.exactUpTo, beam: retrieval.shape.beam }),
  bovw: z.looseObject({ weighting: bovw.shape.weighting }).optional(),
});
export type RecordedConfig = Readonly<z.infer<typeof recordedConfig>>;

const count = z.int().min(0);
const listed = <Name extends string>(file: Name) =>
  z.object({ file: z.literal(file), bytes: count, sha256: z.string() });

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
  size: z.int().min(1),
  mean: z.array(z.number()).length(3),
  std: z.array(z.number()).length(3),
  /** P */
  tokens: z.int().min(1),
  /** C */
  channels: z.int().min(1),
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
  /** What can answer queries; the first indexes did not say. */
  systems: z.array(z.enum(SYSTEMS)).min(1).default(['dsi', 'pixels']),
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
      validation: figures,
      /** Why training stopped before its time, where it did. */
      stopped: z.string().optional(),
    })
    .optional(),
  /** Of the system bovw. */
  bovw: bovwFacts.optional(),
  /** In front of the network, or of the system encoder. */
  encoder: encoderFacts.optional(),
});

export type IndexManifest = Readonly<z.infer<typeof manifestSchema>>;

export const describeIndex = (facts: Omit<IndexManifest, 'format' | 'version'>): IndexManifest => ({
  format: FORMAT,
  version: VERSION,
  ...facts,
});

export const writeIndexManifest = (folder: string, manifest: IndexManifest): Promise<void> =>
  writeFileAtomically(join(folder, INDEX_FILE), `${JSON.stringify(manifest, null, 2)}\n`);

/** @throws NeurodexError `index-missing`, `index-damaged`, `index-newer` */
export async function readIndexManifest(folder: string): Promise<IndexManifest> {
  await refuseSpecialFilesIn(folder);
  const file = join(folder, INDEX_FILE);
  let value: unknown;
  try {
    value = await readJson(file);
  } catch (error) {
    if (error instanceof JsonProblem) throw damaged(file, error.message, error);
    throw new NeurodexError('index-missing', `${folder} is not an index: ${INDEX_FILE} cannot be read in it`, {
      hint: 'name the folder of an index; `neurodex index SOURCE --out DIR` makes one',
      details: { folder },
      cause: error,
    });
  }
  const { format, version } = (value ?? {}) as { format?: unknown; version?: unknown };
  if (format === FORMAT && typeof version === 'number' && version > VERSION) {
    throw new NeurodexError('index-newer', `${file} has version ${version}; this Neurodex reads up to ${VERSION}`, {
      hint: 'update Neurodex, or build the index again with this one',
      details: { file, version },
    });
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw damaged(file, `is not the description of an index: ${schemaProblem(parsed.error)}`, parsed.error);
}

export const damaged = (file: string, what: string, cause?: unknown): NeurodexError =>
  new NeurodexError('index-damaged', `${file} ${what}`, {
    hint: 'copy the index again from where it came, or build it again with `neurodex index`',
    details: { file },
    ...(cause === undefined ? {} : { cause }),
  });

/** A file of the index, as it was written. @throws NeurodexError `index-damaged` */
export async function readListed(
  folder: string,
  listed: { readonly file: string; readonly sha256: string },
): Promise<Uint8Array> {
  const file = join(folder, listed.file);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw damaged(file, 'cannot be read', error);
  }
  if (createHash('sha256').update(bytes).digest('hex') !== listed.sha256)
    throw damaged(file, 'is not the file that was written');
  return bytes;
}
