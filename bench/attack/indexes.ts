import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '@neurodex/autograd';
import { silentReporter } from '@neurodex/core';
import { openFolder } from '@neurodex/datasets';
import sharp from 'sharp';
import type { Config } from '../../packages/neurodex/src/config.ts';
import { createIndex } from '../../packages/neurodex/src/jobs/create-index.ts';
import { PRESETS } from '../../packages/neurodex/src/presets/presets.ts';
import type { SystemName } from '../../packages/neurodex/src/query/system.ts';

/** An ONNX file of the shape that exports on Hugging Face's hub have. */
const ENCODER = fileURLToPath(
  new URL('../../packages/neurodex/src/models/encoder/fixtures/encoder.onnx', import.meta.url),
);
const EDGE = 64;
const CLASSES = 3;
const EACH = 8;

const base: Config = {
  ...PRESETS.quick,
  pictures: { ...PRESETS.quick.pictures, size: 16, thumbnail: EDGE },
  split: { retrievalFraction: 0.5, validationFraction: 0.2, testFraction: 0.4 },
  model: { ...PRESETS.quick.model, patchSize: 8, width: 16, feedForwardWidth: 16, layers: 2 },
  training: { ...PRESETS.quick.training, batchSize: 8, indexingEpochs: 1, validateEvery: 100 },
  bovw: { ...PRESETS.quick.bovw, words: 6, restarts: 1, exactUpTo: 4 },
};

/** What is attacked: every kind of file that an index can have is in one of them. */
export const INDEXES = ['words', 'encoder'] as const;
export type AttackedIndex = (typeof INDEXES)[number];

const SETTINGS: Readonly<Record<AttackedIndex, { config: Partial<Config>; systems: readonly SystemName[] }>> = {
  words: { config: {}, systems: ['dsi', 'bovw', 'pixels'] },
  encoder: {
    config: {
      encoder: { ...base.encoder, file: ENCODER, preset: 'dinov2', size: 24, views: 1 },
      retrieval: { ...base.retrieval, exactUpTo: 2, beam: 4 },
    },
    systems: ['dsi', 'encoder'],
  },
};

/** Marks scattered at random, of a colour and size that is the class's own. */
async function picture(kind: number, random: Random): Promise<Buffer> {
  const marks = Array.from({ length: 14 }, () => {
    const [x, y] = [random.integer(EDGE), random.integer(EDGE)];
    const fill = ['#222', '#a33', '#36a'][kind % 3];
    return kind % 2 === 0
      ? `<circle cx="${x}" cy="${y}" r="${3 + 2 * kind}" fill="${fill}"/>`
      : `<rect x="${x}" y="${y}" width="${4 + kind}" height="9" fill="${fill}"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${EDGE}" height="${EDGE}"><rect width="100%" height="100%" fill="#ddd"/>${marks.join('')}</svg>`;
  return await sharp(Buffer.from(svg)).png().toBuffer();
}

/** Makes the indexes and two queries below a folder. */
export async function makeIndexes(
  root: string,
): Promise<{ indexes: Record<AttackedIndex, string>; queries: string[] }> {
  const source = join(root, 'pictures');
  const random = Random.seeded(3);
  for (let kind = 0; kind < CLASSES; kind++) {
    await mkdir(join(source, `kind ${kind}`), { recursive: true });
    for (let i = 0; i < EACH; i++)
      await writeFile(join(source, `kind ${kind}`, `${i}.png`), await picture(kind, random));
  }
  const indexes = { words: join(root, 'words'), encoder: join(root, 'encoder') };
  for (const name of INDEXES) {
    const { config, systems } = SETTINGS[name];
    await createIndex({
      dataset: await openFolder(source),
      out: indexes[name],
      config: { ...base, ...config },
      systems,
      seed: 1,
      force: false,
      device: 'cpu',
      reporter: silentReporter,
    });
  }
  return { indexes, queries: [join(source, 'kind 0', '1.png'), join(source, 'kind 2', '3.png')] };
}
