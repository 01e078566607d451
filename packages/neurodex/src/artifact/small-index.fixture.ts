import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RUN_LOG } from '@neurodex/tracking';
import sharp from 'sharp';
import { type DsiModel, serialiseForIndex } from '../dsi/model/model-file.ts';
import { smallNetwork } from '../dsi/search/small-network.fixture.ts';
import { serialiseVocabulary } from '../models/bovw/vocabulary.ts';
import { PRESETS } from '../presets/presets.ts';
import type { CatalogueManifest } from './catalogue-manifest.ts';
import { describeIndex, type IndexDescription, writeIndexManifest } from './manifest.ts';
import { type AnyRow, soundRow, type Vectors, writeCatalogueOf } from './small-catalogue.fixture.ts';

export const ENCODER_ONNX = readFileSync(new URL('../models/encoder/fixtures/encoder.onnx', import.meta.url));
export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Edge of the model's pictures, as the small network takes them, and of the thumbnails. */
export const [SIZE, THUMBNAIL] = [16, 24];
const IDENTIFIERS = ['0', '1', '2'];

/** A network without training over the identifiers 0, 1 and 2. */
export const smallModel = (change: Partial<Parameters<typeof smallNetwork>[1]> = {}): DsiModel => {
  const { geometry, parameters, table } = smallNetwork(IDENTIFIERS.length, { identifiers: IDENTIFIERS, ...change });
  return { geometry, parameters, prefixes: table.stored };
};

/** Three words far apart, of which every descriptor is a multiple. */
export const VOCABULARY = serialiseVocabulary({
  words: Float32Array.from({ length: 3 * 128 }, (_, i) => 100 * Math.floor(i / 128)),
  size: 3,
  rootSift: false,
});

export interface SmallIndex {
  readonly model?: DsiModel;
  /** Changes what its description says. */
  readonly describe?: (description: IndexDescription) => IndexDescription;
  /** Changes the rows of its catalogue. */
  readonly rows?: (rows: AnyRow[]) => AnyRow[];
  /** Other facts about columns of vectors. */
  readonly vectors?: Partial<Vectors>;
  readonly about?: Partial<CatalogueManifest>;
  /** Of all rows, one after another: float32 [4, 1 + views, P, C] and [4, D]; `about` says what they are. */
  readonly embeddings?: Float32Array;
  readonly states?: Float32Array;
  readonly log?: string;
  /** Columns of vectors that the catalogue has. */
  readonly columns?: readonly ('bovw' | 'encoder')[];
  /** Other files, by their names. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

const listed = <Name extends string>(file: Name, bytes: Uint8Array) => ({
  file,
  bytes: bytes.length,
  sha256: sha256Of(bytes),
});

/** What its catalogue has beside its rows. */
const picked = ({ about, embeddings, states }: SmallIndex) => ({
  ...(about === undefined ? {} : { about }),
  ...(embeddings === undefined ? {} : { embeddings }),
  ...(states === undefined ? {} : { states }),
});

/**
 * Writes an index with every system, of which nothing was trained: three catalogue pictures in rows 0, 2 and 3 with the
 * identifiers 0, 1 and 2, and a query in row 1. Bags of words and embeddings are unit vectors, one after another.
 */
export async function writeSmallIndex(folder: string, index: SmallIndex = {}): Promise<void> {
  const { model = smallModel(), describe = (each) => each, rows = (each) => each, vectors = {}, log } = index;
  const { columns = ['bovw', 'encoder'], files = {} } = index;
  const png = await sharp({ create: { width: THUMBNAIL, height: THUMBNAIL, channels: 3, background: '#204060' } })
    .png()
    .toBuffer();
  const unit = (length: number, at: number) => Float32Array.from({ length }, (_, i) => (i === at ? 1 : 0));
  const pictures = [0, 1, 2, 3].map((row): AnyRow => {
    const { identifier: _, ...base } = { ...soundRow(row), thumbnail: png };
    if (row === 1) return { ...base, role: 'test' };
    const at = Math.max(0, row - 1);
    return { ...base, identifier: `${at}`, vectors: { bovw: unit(3, at), encoder: unit(6, at) } };
  });
  const all: Vectors = {
    bovw: { length: 3, producer: sha256Of(VOCABULARY) },
    encoder: { length: 6, producer: sha256Of(ENCODER_ONNX) },
  };
  await writeCatalogueOf(join(folder, 'catalogue'), {
    parts: [rows(pictures)],
    size: SIZE,
    vectors: Object.fromEntries(columns.map((name) => [name, { ...all[name], ...vectors[name] }])) as Vectors,
    ...picked(index),
  });
  const network = serialiseForIndex(model);
  await writeFile(join(folder, 'model.safetensors'), network);
  await writeFile(join(folder, 'vocabulary.safetensors'), VOCABULARY);
  await writeFile(join(folder, 'encoder.onnx'), ENCODER_ONNX);
  if (log !== undefined) await writeFile(join(folder, RUN_LOG), log);
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  const config = PRESETS.quick;
  const description = describeIndex({
    neurodex: '0.1.0',
    created: '2026-01-02T03:04:05.000Z',
    seed: 7,
    dataset: { name: 'folder', source: 'pictures' },
    config: { ...config, pictures: { ...config.pictures, size: SIZE, thumbnail: THUMBNAIL } },
    systems: ['dsi', 'bovw', 'pixels', 'encoder'],
    model: { ...listed('model.safetensors', network), parameters: model.parameters.length },
    bovw: {
      vocabulary: listed('vocabulary.safetensors', VOCABULARY),
      descriptors: 9,
      withoutKeypoints: 0,
      inertia: 0,
    },
    encoder: {
      ...listed('encoder.onnx', ENCODER_ONNX),
      input: 'pixel_values',
      output: 'pooler_output',
      size: 8,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
      tokens: 1,
      channels: 6,
    },
  });
  await writeIndexManifest(folder, describe(description));
}
