import { Random } from '@neurodex/autograd';
import { silentReporter } from '@neurodex/core';
import type { Dataset, SourcePicture } from '@neurodex/datasets';
import sharp from 'sharp';
import { createIndex } from '../packages/neurodex/src/jobs/create-index.ts';
import { PRESETS, type PresetName } from '../packages/neurodex/src/presets/presets.ts';
import type { SystemName } from '../packages/neurodex/src/query/system.ts';

const CLASSES = 10;

/** Soft random spots, as PNG files: pictures that every system can read, of no meaning. */
function randomPictures(catalogue: number, queries: number): Dataset {
  const random = Random.seeded(1);
  const pictures = Array.from({ length: catalogue + queries }, (_, i): SourcePicture => {
    const spots = new Uint8Array(6 * 6 * 3);
    random.fillBytes(spots);
    return {
      path: `${String(i).padStart(6, '0')}.png`,
      labels: [`class ${i % CLASSES}`],
      role: i < catalogue ? 'catalogue' : i % 50 === 0 ? 'train' : 'test',
      read: () =>
        sharp(spots, { raw: { width: 6, height: 6, channels: 3 } })
          .resize(64, 64, { kernel: 'cubic' })
          .png({ compressionLevel: 1 })
          .toBuffer(),
    };
  });
  return { name: 'random', source: 'bench/random-index.ts', pictures, notices: [], skipped: [] };
}

interface RandomIndexOptions {
  readonly catalogue: number;
  /** Of which one in fifty is for training, of which there is none. */
  readonly queries: number;
  readonly systems: readonly SystemName[];
  /** Whose shape it has. */
  readonly preset?: PresetName;
}

/** An index that was trained for hardly a step. */
export async function randomIndex(out: string, options: RandomIndexOptions): Promise<void> {
  const { catalogue, queries, systems, preset = 'joint' } = options;
  const config = PRESETS[preset];
  await createIndex({
    dataset: randomPictures(catalogue, queries),
    out,
    config: { ...config, training: { ...config.training, indexingEpochs: 0.01, seeSteps: 5 } },
    systems,
    seed: 1,
    force: false,
    device: 'cpu',
    reporter: silentReporter,
  });
}
