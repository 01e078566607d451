import { MANIFEST_FILE } from './catalogue-layout.ts';
import type { IndexDescription } from './manifest.ts';

/** The files of an index folder. */
export const INDEX_FILE = 'index.json';
/** In the place of an index in shards. */
export const PLAN_FILE = 'plan.json';
export const CATALOGUE_FOLDER = 'catalogue';
export const MODEL_FILE = 'model.safetensors';
export const VOCABULARY_FILE = 'vocabulary.safetensors';
export const NEIGHBOURS_FILE = 'bovw.usearch';
export const ENCODER_FILE = 'encoder.onnx';
export const TOKENIZER_FILE = 'tokenizer.json';
export const TEXT_MODEL_FILE = 'text.safetensors';
export const TEXT_ENCODER_FILE = 'text-encoder.onnx';
/** Lists the files of the catalogue with their digests. */
export const CATALOGUE_FILE = `${CATALOGUE_FOLDER}/${MANIFEST_FILE}` as const;

export const FORMAT = 'neurodex-index';
export const VERSION = 3;

export const describeIndex = (facts: Omit<IndexDescription, 'format' | 'version'>): IndexDescription => ({
  format: FORMAT,
  version: VERSION,
  ...facts,
});
