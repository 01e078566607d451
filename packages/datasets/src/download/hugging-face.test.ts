import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDownloads } from './downloads.ts';
import { TestHub } from './hub.fixture.ts';
import { hubParquetFiles, splitOf } from './hugging-face.ts';
import { PATIENCE } from './retry.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const file = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

let hub: TestHub;
let cache = '';
beforeEach(async () => {
  hub = await TestHub.start();
  cache = await mkdtemp(join(tmpdir(), 'neurodex-hub-'));
});
afterEach(async () => {
  await hub.close();
  await rm(cache, { recursive: true, force: true });
});

const said: string[] = [];
const start = (environment: Record<string, string> = {}) => {
  const all = { HF_ENDPOINT: `${hub.api.origin}/`, ...environment };
  const reporter = { ...silentReporter, warn: (message: string) => void said.push(message) };
  const patience = { ...PATIENCE, attempts: 2, firstWait: 1 };
  return { downloads: createDownloads({ cache, environment: all, reporter }, patience), environment: all };
};

const IMAGENET = {
  repo: 'ILSVRC/imagenet-1k',
  commit: COMMIT,
  revisions: ['main'],
  files: {
    'README.md': file('#'),
    'classes.py': file('IMAGENET2012_CLASSES = {}'),
    'data/train-00001-of-00002.parquet': file('second'),
    'data/train-00000-of-00002.parquet': file('first'),
    'data/validation-00000-of-00001.parquet': file('val'),
    'data/test-00000-of-00001.parquet': file('test'),
  },
  token: 'hf_member',
  refused: 'hf_stranger',
};

describe('hubParquetFiles', () => {
  test('lists a split of the commit, in order, with sizes and digests; the files come through the redirect', async () => {
    hub.publish(IMAGENET);
    const { downloads, environment } = start({ HF_TOKEN: 'hf_member' });
    const files = await hubParquetFiles(downloads, { repo: IMAGENET.repo, split: 'train', gated: true }, environment);
    expect(files.map(({ name }) => name)).toEqual([
      'ILSVRC/imagenet-1k/data/train-00000-of-00002.parquet',
      'ILSVRC/imagenet-1k/data/train-00001-of-00002.parquet',
    ]);
    for (const { url, bytes, sha256, gate } of files) {
      expect(url).toContain(`/datasets/ILSVRC/imagenet-1k/resolve/${COMMIT}/data/train-`);
      expect(bytes).toBeGreaterThan(4);
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(gate?.page).toBe('https://huggingface.co/datasets/ILSVRC/imagenet-1k');
    }
    const contents = await Promise.all(files.map(async (each) => readFile(await downloads.file(each), 'utf8')));
    expect(contents).toEqual(['first', 'second']);
    expect(hub.storage.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  test('a gated data set without access says where it is granted', async () => {
    hub.publish(IMAGENET);
    for (const [token, message] of [
      ['', /HF_TOKEN is not set/],
      ['hf_mistyped', /token in HF_TOKEN is not accepted/],
      ['hf_stranger', /account of the token in HF_TOKEN has none/],
    ] as const) {
      const { downloads, environment } = start({ HF_TOKEN: token });
      const [first] = await hubParquetFiles(
        downloads,
        { repo: IMAGENET.repo, split: 'test', gated: true },
        environment,
      );
      if (first === undefined) throw new Error('no file');
      await expect(downloads.open(first)).rejects.toMatchObject({
        code: 'access-denied',
        message: expect.stringMatching(message),
        hint: expect.stringContaining('https://huggingface.co/datasets/ILSVRC/imagenet-1k'),
      });
    }
  });

  test('a revision with slashes and a folder for each configuration and split', async () => {
    hub.publish({
      repo: 'frgfm/imagenette',
      commit: COMMIT,
      revisions: ['refs/convert/parquet'],
      files: {
        '160px/train/0000.parquet': file('a'),
        '160px/validation/0000.parquet': file('b'),
        '320px/train/0000.parquet': file('c'),
      },
    });
    const { downloads, environment } = start();
    const dataset = { repo: 'frgfm/imagenette', revision: 'refs/convert/parquet', folder: '160px' };
    const [first] = await hubParquetFiles(downloads, { ...dataset, split: 'train' }, environment);
    expect(first?.name).toBe('frgfm/imagenette/160px/train/0000.parquet');
    expect(hub.api.seen[0]?.url).toBe('/api/datasets/frgfm/imagenette/revision/refs%2Fconvert%2Fparquet?blobs=true');
    await expect(hubParquetFiles(downloads, { ...dataset, split: 'valid' }, environment)).rejects.toMatchObject({
      code: 'download-failed',
      message: expect.stringMatching(/no split valid in frgfm\/imagenette\/160px\/, but the splits train, validation/),
    });
  });

  test('the list of before serves when nobody answers, and not when the answer is no', async () => {
    hub.publish(IMAGENET);
    const dataset = { repo: IMAGENET.repo, split: 'train' };
    const first = start();
    const files = await hubParquetFiles(first.downloads, dataset, first.environment);
    hub.api.fail(`/api/datasets/${IMAGENET.repo}/revision/main`, { status: 503 }, { status: 503 });
    const second = start();
    expect(await hubParquetFiles(second.downloads, dataset, second.environment)).toEqual(files);
    expect(said.at(-1)).toMatch(/503.*what it said before is used/);
    hub.api.fail(`/api/datasets/${IMAGENET.repo}/revision/main`, { status: 404 });
    await expect(hubParquetFiles(second.downloads, dataset, second.environment)).rejects.toMatchObject({
      message: expect.stringMatching(/404/),
    });
  });

  test('an answer of another kind is told', async () => {
    hub.api.serve('/api/datasets/a/b/revision/main', '<html>');
    const { downloads, environment } = start();
    await expect(hubParquetFiles(downloads, { repo: 'a/b', split: 'train' }, environment)).rejects.toMatchObject({
      code: 'download-failed',
      hint: expect.stringMatching(/HF_ENDPOINT/),
    });
  });

  test.each([
    ['train-00000-of-00001-1359597a978bc4fa.parquet', 'train'],
    ['valid-00000-of-00001.parquet', 'valid'],
    ['train.parquet', 'train'],
    ['train-0.parquet', 'train'],
    ['train_extra-00000-of-00001.parquet', 'train_extra'],
    ['160px/train/0000.parquet', 'train'],
  ])('%s is of the split %s', (path, split) => {
    expect(splitOf(path)).toBe(split);
  });
});
