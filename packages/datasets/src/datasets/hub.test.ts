import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDownloads } from '../download/downloads.ts';
import { TestHub } from '../download/hub.fixture.ts';
import { datasetContract } from './dataset.contract.ts';
import { huggingFace, SCHEMA } from './parquet/parquet.fixture.ts';
import { DATASETS } from './registry.ts';
import type { OpenDatasetRequest } from './request.ts';
import { applyRules, NO_RULES } from './rules.ts';

const ROWS = 12;
const GROUPS = 8;

let folder = '';
let hub: TestHub;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-hub-'));
  hub = await TestHub.start();
  await publish(
    'ILSVRC/imagenet-1k',
    'data/train-00000-of-00001.parquet',
    ['tench, Tinca tinca', 'goldfish, Carassius auratus'],
    'hf_x',
  );
  await publish('zh-plus/tiny-imagenet', 'data/train-00000-of-00001-1359597a978bc4fa.parquet', [
    'n02124075',
    'n04067472',
  ]);
  await publish(
    'frgfm/imagenette',
    '160px/train/0000.parquet',
    ['tench', 'French horn'],
    undefined,
    'refs/convert/parquet',
  );
});
afterAll(async () => {
  await hub.close();
  await rm(folder, { recursive: true, force: true });
});

/** Every second picture is square; the labels are as imagenet-1k has them: in no order. */
async function publish(repo: string, file: string, names: readonly string[], token?: string, revision = 'main') {
  const writer = new ByteWriter();
  const features = { image: { _type: 'Image' }, label: { names, _type: 'ClassLabel' } };
  const parquet = new ParquetWriter({ writer, schema: SCHEMA, kvMetadata: huggingFace(features) });
  for (let group = 0; group < GROUPS; group++) {
    const numbers = Array.from({ length: ROWS }, (_, i) => group * ROWS + i);
    const jpegs = await Promise.all(
      numbers.map((n) =>
        sharp({ create: { width: 30, height: n % 2 ? 30 : 50, channels: 3, background: { r: 5 * n, g: 9, b: 9 } } })
          .jpeg()
          .toBuffer(),
      ),
    );
    // So large that the reading of a group shows in the bytes that were sent.
    const padded = jpegs.map((jpeg) => Buffer.concat([jpeg, Buffer.alloc(30_000)]));
    await parquet.write({
      columnData: [
        {
          name: 'image',
          data: numbers.map((n, i) => ({ bytes: padded[i], path: `${n}.JPEG` })),
          codec: 'UNCOMPRESSED',
        },
        { name: 'label', data: numbers.map((n) => (n * 7 + (n >> 3)) % 2) },
      ],
      rowGroupSize: ROWS,
    });
  }
  await parquet.finish();
  const files = { [file]: new Uint8Array(writer.getBytes()) };
  hub.publish({ repo, commit: 'b'.repeat(40), revisions: [revision], files, ...(token ? { token } : {}) });
}

const request = (source: string, rules = NO_RULES, token = 'hf_x'): OpenDatasetRequest => {
  const environment = { HF_ENDPOINT: hub.api.origin, HF_TOKEN: token };
  const cache = join(folder, `cache-${Math.random()}`);
  return {
    source,
    rules,
    seed: 0,
    cache,
    environment,
    downloads: () => createDownloads({ cache, environment }),
    reporter: silentReporter,
  };
};

describe('imagenet, from the hub', () => datasetContract(() => DATASETS.imagenet.open(request('imagenet'))));
describe('imagenette, from the hub', () => datasetContract(() => DATASETS.imagenette.open(request('imagenette'))));
describe('tiny-imagenet, from the hub', () =>
  datasetContract(() => DATASETS['tiny-imagenet'].open(request('tiny-imagenet'))));

describe('data sets of the hub', () => {
  it('labels are readable names, whatever the hub calls them', async () => {
    const classes = async (name: 'imagenet' | 'imagenette' | 'tiny-imagenet') =>
      [...new Set((await DATASETS[name].open(request(name))).pictures.flatMap(({ labels }) => labels))].sort();
    expect(await classes('imagenet')).toEqual(['goldfish', 'tench']);
    expect(await classes('tiny-imagenet')).toEqual(['Egyptian cat', 'reel']);
    expect(await classes('imagenette')).toEqual(['French horn', 'tench']);
  });

  it('a few pictures cost few bytes', async () => {
    const rules = { ...NO_RULES, maxPictures: 5 };
    const before = hub.bytesSent;
    const dataset = await applyRules(await DATASETS.imagenet.open(request('imagenet', rules)), rules);
    for (const { read } of dataset.pictures) await read();
    expect(dataset.pictures).toHaveLength(5);
    // One row group of eight, and the end of the file.
    expect(hub.bytesSent - before).toBeGreaterThan(ROWS * 30_000);
    expect(hub.bytesSent - before).toBeLessThan(ROWS * 30_000 * 1.5 + (1 << 17));
  });

  it('the notebook’s rules: squares of the largest classes, and no more read than that takes', async () => {
    const rules = {
      maxPictures: 4,
      minPicturesPerClass: 2,
      squaresFirst: true,
      aspectTolerance: 0.1,
      minCaptions: 5,
      minObjects: 1,
    };
    const before = hub.bytesSent;
    const dataset = await applyRules(await DATASETS.imagenet.open(request('imagenet', rules)), rules);
    expect(dataset.pictures).toHaveLength(4);
    for (const { read } of dataset.pictures) {
      const { width, height } = await sharp(await read()).metadata();
      expect(width).toBe(height);
    }
    expect(hub.bytesSent - before).toBeLessThan(3 * ROWS * 30_000 + (1 << 17));
  });

  it('a wrong token is refused with the page that grants access, and not repeated', async () => {
    const refused = DATASETS.imagenet.open(request('imagenet', undefined, 'hf_wrong'));
    await expect(refused).rejects.toMatchObject({ code: 'access-denied' });
    const text = await refused.catch((error) => `${error.message} ${error.hint} ${JSON.stringify(error.details)}`);
    expect(text).toContain('huggingface.co/datasets/ILSVRC/imagenet-1k');
    expect(text).not.toContain('hf_wrong');
  });
});
