import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFashionMnist } from '@neurodex/datasets';
import sharp from 'sharp';
import { buildCatalogue } from '../packages/neurodex/src/build/build-catalogue.ts';

/**
 * One side of `ingest`, in a process of its own: `ingest-child.ts neurodex|sharp PICTURES SIZE THUMBNAIL`. Prints its
 * figures as one JSON object.
 */
const [side = '', count = '', edge = '', thumbnail = ''] = process.argv.slice(2);
const size = Number(edge);
/** More than the threads that decode, so that none waits. */
const IN_WORK = 16;

const dataset = await openFashionMnist({
  source: 'fashion-mnist',
  environment: {},
  downloads: () => {
    throw new Error('install the Debian package dataset-fashion-mnist');
  },
});
const pictures = dataset.pictures.slice(0, Number(count));

/** The whole of the product: decoded, divided, written, with every file's digest. */
async function neurodex(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'neurodex-ingest-'));
  try {
    const started = performance.now();
    await buildCatalogue({ ...dataset, pictures }, join(folder, 'catalogue'), {
      pictures: { size, thumbnail: Number(thumbnail), maxPixels: 250_000_000 },
      split: { retrievalFraction: 0.75, validationFraction: 0.05, testFraction: 0.1 },
      seed: 0,
      assignIdentifiers: (rows) => rows.map((_, i) => String(i)),
    });
    return performance.now() - started;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same files decoded and resized to the size of the model, and thrown away. */
async function sharpAlone(): Promise<number> {
  sharp.cache(false);
  const started = performance.now();
  const waiting = pictures.values();
  const work = async (): Promise<void> => {
    for (const picture of waiting) {
      await sharp(await picture.read(), { sequentialRead: true })
        .resize(size, size)
        .toColourspace('srgb')
        .raw()
        .toBuffer();
    }
  };
  await Promise.all(Array.from({ length: IN_WORK }, work));
  return performance.now() - started;
}

const milliseconds = await (side === 'sharp' ? sharpAlone() : neurodex());
console.log(
  JSON.stringify({
    pictures: pictures.length,
    perSecond: pictures.length / (milliseconds / 1000),
    // Kilobytes on every platform since Node 14.
    peakMiB: process.resourceUsage().maxRSS / 1024,
  }),
);
