import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCoco } from '@neurodex/datasets';
import { createDownloads } from '@neurodex/datasets/download';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HURRY } from '../../../datasets/src/download/downloads.fixture.ts';
import { TestServer } from '../../../datasets/src/download/server.fixture.ts';
import { buildCatalogue } from './build-catalogue.ts';

let folder = '';
let server: TestServer;
let other: TestServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-coco-remote-'));
  [server, other] = [await TestServer.start(), await TestServer.start()];
});
afterEach(async () => {
  await Promise.all([server.close(), other.close()]);
  await rm(folder, { recursive: true, force: true });
});

const picture = (shade: number) =>
  sharp({ create: { width: 40, height: 40, channels: 3, background: { r: shade, g: 255 - shade, b: 99 } } })
    .jpeg()
    .toBuffer();

/** The data set whose picture i is where `urls[i]` says, with COCO_ENDPOINT at the first server. */
async function open(urls: readonly (string | undefined)[]) {
  const images = urls.map((coco_url, id) => ({ id, file_name: `${id}.jpg`, coco_url }));
  const annotations = urls.map((_, id) => ({ id, image_id: id, category_id: 1 + (id % 2), bbox: [0, 0, 9, 9] }));
  const categories = [1, 2].map((id) => ({ id, name: `class ${id}` }));
  await mkdir(join(folder, 'set'), { recursive: true });
  await writeFile(join(folder, 'set/instances_val2014.json'), JSON.stringify({ images, annotations, categories }));
  const environment = { COCO_ENDPOINT: server.origin };
  const downloads = createDownloads({ cache: join(folder, 'cache'), environment }, HURRY);
  return await openCoco({
    year: '2014',
    split: 'val',
    from: join(folder, 'set'),
    source: 'coco',
    downloads: () => downloads,
    cache: join(folder, 'cache'),
    environment,
  });
}

const build = async (urls: readonly (string | undefined)[]) =>
  await buildCatalogue(await open(urls), join(folder, 'catalogue'), {
    pictures: { size: 8, thumbnail: 16, maxPixels: 1e6 },
    split: { retrievalFraction: 0.5, validationFraction: 0, testFraction: 0 },
    seed: 1,
    assignIdentifiers: (catalogue) => catalogue.map((_, i) => `${i}`),
  });

describe('pictures that annotations say where to fetch', () => {
  it('one that is not to be had, or not allowed, is skipped and named; the others are used', async () => {
    const sound = await Promise.all([0, 1, 2, 3, 4, 5, 6].map((i) => picture(30 * i)));
    const urls = sound.map((bytes, i) => {
      server.serve(`/val2014/${i}.jpg`, bytes);
      return `http://images.cocodataset.org/val2014/${i}.jpg`;
    });
    const secret = other.serve('/secret.jpg', await picture(7));
    const built = await build([
      ...urls,
      secret,
      'http://169.254.169.254/latest/meta-data/',
      server.serve('/away.jpg', '', { redirect: secret }),
      `${server.origin}/gone.jpg`,
      'not an address',
      undefined,
    ]);
    expect(built.rows.map(({ path }) => path)).toEqual([0, 1, 2, 3, 4, 5, 6].map((i) => `${i}.jpg`));
    expect(Object.fromEntries(built.skipped.map(({ path, reason }) => [path, reason]))).toEqual({
      '7.jpg': expect.stringMatching(/^cannot be downloaded: its address leads to 127\.0\.0\.1:\d+: this machine/),
      '8.jpg': expect.stringMatching(/^cannot be downloaded: its address leads to 169\.254\.169\.254: this machine/),
      '9.jpg': expect.stringMatching(/^cannot be downloaded: its address leads to 127\.0\.0\.1:\d+: this machine/),
      '10.jpg': expect.stringMatching(/^cannot be downloaded: .* answered 404/),
      '11.jpg': 'cannot be downloaded: its coco_url is no address',
      '12.jpg': expect.stringMatching(/has no coco_url for it/),
    });
    expect(other.seen).toEqual([]);
  });

  it('most of which are not to be had: the work stops and says so, before all are tried', async () => {
    const urls = Array.from({ length: 60 }, (_, i) => `http://images.cocodataset.org/val2014/${i}.jpg`);
    await expect(build(urls)).rejects.toMatchObject({
      code: 'download-failed',
      message: expect.stringMatching(
        /^most pictures of coco cannot be had: 10 of the 10 tried; the first: 0\.jpg cannot be downloaded: .* answered 404/,
      ),
    });
    expect(server.seen.length).toBeLessThan(60);
    server.serve('/val2014/0.jpg', await picture(3));
    await rm(join(folder, 'catalogue'), { recursive: true });
    await expect(build(urls.slice(0, 3))).rejects.toMatchObject({
      message: expect.stringMatching(/2 of the 3 tried/),
    });
  });
});
