import { rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { openFolder } from '@neurodex/datasets';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noMount, onTinyDisk } from '../../../core/src/storage/tiny-disk.fixture.ts';
import { CHANGEABLE } from '../build/resume-config.ts';
import { readRecordedRun } from '../build/unfinished-run.ts';
import type { Config } from '../config.ts';
import { PRESETS } from '../presets/presets.ts';
import { type CreateIndexOptions, createIndex } from './create-index.ts';
import { inspectIndex } from './inspect-index.ts';

/** Runs that stop, and go on. That of a process which is killed is in tests/resume.test.ts. */
const config: Config = {
  ...PRESETS.quick,
  pictures: { ...PRESETS.quick.pictures, size: 16, thumbnail: 32 },
  split: { retrievalFraction: 0.7, validationFraction: 0.2, testFraction: 0.2 },
  model: { ...PRESETS.quick.model, patchSize: 8, width: 32, feedForwardWidth: 48, dropout: 0.1 },
  training: { ...PRESETS.quick.training, batchSize: 12, indexingEpochs: 15, validateEvery: 10, checkpointEvery: 8 },
  augmentation: { ...PRESETS.quick.augmentation, indexing: 0.5 },
};
/** Without an index of visual words: there is nothing to see in these pictures. */
const systems = ['dsi', 'pixels'] as const;

let root = '';
let pictures = '';

async function draw(folder: string, shade: number): Promise<string> {
  for (const [name, colour] of [
    ['red', '#c22'],
    ['blue', '#22c'],
    ['green', '#2a2'],
  ] as const) {
    await mkdir(join(folder, name), { recursive: true });
    for (let i = 0; i < 8; i++) {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32"><rect width="32" height="32" fill="#eee"/><circle cx="${10 + i}" cy="16" r="${5 + (i % 4) + shade}" fill="${colour}"/></svg>`;
      await writeFile(join(folder, name, `${i}.png`), await sharp(Buffer.from(svg)).png().toBuffer());
    }
  }
  await writeFile(join(folder, 'red', 'broken.jpg'), 'no picture');
  return folder;
}

type Changes = Partial<CreateIndexOptions> & { readonly source?: string };

async function indexing(name: string, { source = pictures, ...changes }: Changes = {}) {
  const said: string[] = [];
  const reporter = {
    ...silentReporter,
    warn: (message: string) => said.push(message),
    info: (message: string) => said.push(message),
  };
  const summary = createIndex({
    dataset: await openFolder(source),
    out: join(root, name),
    config,
    systems,
    seed: 1,
    force: false,
    device: 'cpu',
    reporter,
    ...changes,
  });
  return { said, summary };
}

/** Runs until some work has got to some place, and stops there. */
async function interrupted(name: string, at: { phase: string; done: number }, changes: Changes = {}) {
  const controller = new AbortController();
  const { summary } = await indexing(name, {
    reporter: {
      ...silentReporter,
      progress: ({ phase, done }) => phase === at.phase && done === at.done && controller.abort(),
    },
    signal: controller.signal,
    ...changes,
  });
  return await summary.then(
    () => Promise.reject(new Error('it was not interrupted')),
    (error: unknown) => error as { code: string; hint?: string; details: { unfinished?: string } },
  );
}

const model = (name: string) => readFile(join(root, name, 'model.safetensors'));
const beside = async (name: string) => (await readdir(root)).filter((entry) => entry.startsWith(name)).sort();
const logOf = async (name: string) =>
  (await readFile(join(root, name, 'run.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; step?: number; resumedFrom?: number });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-resume-'));
  pictures = await draw(join(root, 'pictures'), 0);
  await (await indexing('whole')).summary;
}, 60_000);
afterAll(() => rm(root, { recursive: true, force: true }));

describe('a run that is interrupted', () => {
  it('while the pictures are read in leaves nothing: there is nothing to go on with', async () => {
    expect(await interrupted('early', { phase: 'ingest', done: 3 })).toMatchObject({ code: 'interrupted' });
    expect(await beside('early')).toEqual([]);
  });

  it.each([
    ['ingest', 3],
    ['joint', 5],
  ])('because its folder was removed, in the phase %s, says so', async (phase, done) => {
    const folder = join(root, `removed-${phase}.partial`);
    const { summary } = await indexing(`removed-${phase}`, {
      reporter: {
        ...silentReporter,
        progress(event) {
          if (event.phase === phase && event.done === done) rmSync(folder, { recursive: true, force: true });
        },
      },
    });
    const error = await summary.catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'output-unwritable' });
    expect(String(error)).toContain(folder);
  });

  it('while it trains says how to go on, and goes on to the same parameters and the same log', async () => {
    const error = await interrupted('cut', { phase: 'joint', done: 13 });
    expect(error).toMatchObject({ code: 'interrupted', hint: expect.stringContaining('--resume') });
    expect(error.details.unfinished).toBe(join(root, 'cut.partial'));
    expect(await beside('cut')).toEqual(['cut.partial']);
    await expect((await indexing('cut')).summary).rejects.toMatchObject({ code: 'run-unfinished' });
    // Files that were read in are not looked at again, but for what tells the data set.
    const { summary, said } = await indexing('cut', { resume: true });
    const resumed = await summary;
    expect(said).toContainEqual(expect.stringMatching(/cut\.partial from step 13$/));
    expect(said.filter((message) => message.startsWith('skipped'))).toEqual([]);
    expect(await model('cut')).toEqual(await model('whole'));
    expect((await readdir(join(root, 'cut'))).sort()).toEqual((await readdir(join(root, 'whole'))).sort());
    expect(await beside('cut')).toEqual(['cut']);
    expect((await inspectIndex({ index: join(root, 'cut'), verify: true, reporter: silentReporter })).seed).toBe(1);
    const whole = await logOf('whole');
    const log = await logOf('cut');
    const kinds = (events: typeof log, kind: string) => events.filter((event) => event.kind === kind);
    for (const kind of ['step', 'validation', 'skipped', 'end']) {
      expect(
        kinds(log, kind).map(({ step }) => step),
        kind,
      ).toEqual(kinds(whole, kind).map(({ step }) => step));
    }
    expect(kinds(log, 'start').map(({ resumedFrom }) => resumedFrom)).toEqual([undefined, 13]);
    expect(resumed.steps).toBe(kinds(whole, 'step').length);
    expect(resumed.skipped.map(({ path }) => path)).toEqual(['red/broken.jpg']);
  });

  it('is not begun again when it was complete', async () => {
    const { summary, said } = await indexing('whole', { resume: true });
    expect((await summary).parameters).toBeGreaterThan(1000);
    expect(said).toEqual([expect.stringContaining('complete already')]);
    await expect((await indexing('whole', { resume: true, seed: 2 })).summary).rejects.toMatchObject({
      code: 'run-changed',
      message: expect.stringContaining('--seed was 1, now 2'),
    });
  });

  it('is completed when only its name was missing', async () => {
    await cp(join(root, 'whole'), join(root, 'named.partial'), { recursive: true });
    await expect((await indexing('named', { resume: true, seed: 3 })).summary).rejects.toMatchObject({
      code: 'run-changed',
      message: expect.stringContaining('complete index of something else'),
    });
    await (await indexing('named', { resume: true })).summary;
    expect(await beside('named')).toEqual(['named']);
    expect(await model('named')).toEqual(await model('whole'));
  });

  it('is thrown away with force, and the index that is there stays until the new one is complete', async () => {
    await cp(join(root, 'whole'), join(root, 'again'), { recursive: true });
    await interrupted('again', { phase: 'joint', done: 4 }, { force: true, seed: 5 });
    expect(await beside('again')).toEqual(['again', 'again.partial']);
    expect(await model('again')).toEqual(await model('whole'));
    await expect((await indexing('again', { resume: true, seed: 5 })).summary).rejects.toMatchObject({
      code: 'output-exists',
    });
    const { summary, said } = await indexing('again', { force: true, seed: 6 });
    await summary;
    expect(said.some((message) => message.startsWith('going on'))).toBe(false);
    expect((await inspectIndex({ index: join(root, 'again'), verify: false, reporter: silentReporter })).seed).toBe(6);
    expect(await beside('again')).toEqual(['again']);
  });
});

describe('what a run goes on with', () => {
  const copyOf = async (name: string) => {
    await cp(join(root, 'base.partial'), join(root, `${name}.partial`), { recursive: true });
    return name;
  };
  beforeAll(() => interrupted('base', { phase: 'joint', done: 17 }));

  it('cannot be another configuration, seed or set of systems: every difference is named', async () => {
    const name = await copyOf('changed');
    const other = {
      ...config,
      model: { ...config.model, layers: 3 },
      augmentation: { ...config.augmentation, flip: false },
    };
    const { summary } = await indexing(name, { resume: true, config: other, seed: 2, systems: ['dsi'] });
    await expect(summary).rejects.toMatchObject({
      code: 'run-changed',
      exitStatus: 2,
      message: expect.stringMatching(
        /model\.layers was 2, now 3; augmentation\.flip was true, now false; --seed was 1, now 2; --systems was dsi,pixels, now dsi/,
      ),
      hint: expect.stringContaining('training.indexingEpochs'),
    });
    expect((await readdir(join(root, `${name}.partial`))).includes('checkpoints')).toBe(true);
    await (await indexing(name, { resume: true })).summary;
    expect(await model(name)).toEqual(await model('whole'));
  });

  it('can be a longer training, other intervals or another search: what is different is told', async () => {
    const training = { ...config.training, indexingEpochs: 20, checkpointEvery: 3 };
    const { summary, said } = await indexing(await copyOf('longer'), { resume: true, config: { ...config, training } });
    expect((await summary).steps).toBe(40);
    expect(said).toContain('training.indexingEpochs was 15, now 20');
    const begun = await inspectIndex({ index: join(root, 'longer'), verify: true, reporter: silentReporter });
    expect(begun.config).toMatchObject({ training: { indexingEpochs: 20 } });
  });

  it('cannot be another data set', async () => {
    const name = await copyOf('others');
    const refused = async (source: string, words: RegExp) =>
      expect((await indexing(name, { resume: true, source })).summary).rejects.toMatchObject({
        code: 'run-changed',
        message: expect.stringMatching(words),
      });
    await refused(
      await draw(join(root, 'redrawn'), 1),
      /redrawn instead of pictures: 24 changed \(blue\/0\.png, blue\/1\.png, blue\/2\.png, …\)/,
    );
    const more = await draw(join(root, 'more'), 0);
    await writeFile(join(more, 'red', 'new.png'), await readFile(join(more, 'red', '0.png')));
    await refused(more, /more instead of pictures: 1 added \(red\/new\.png\)/);
    await rename(join(more, 'red', '0.png'), join(more, 'red', 'other.png'));
    await rm(join(more, 'red', 'new.png'));
    await refused(more, /1 added \(red\/other\.png\), 1 removed \(red\/0\.png\)/);
    // The same one in another place is the same one.
    await (await indexing(name, { resume: true, source: await draw(join(root, 'moved'), 0) })).summary;
    expect(await model(name)).toEqual(await model('whole'));
  });

  it('can be another device or number of threads, which is noted', async () => {
    const name = await copyOf('device');
    const file = join(root, `${name}.partial`, 'unfinished.json');
    const record = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...record, device: 'cuda', threads: 64 }));
    const { summary, said } = await indexing(name, { resume: true });
    await summary;
    expect(said).toContainEqual(expect.stringMatching(/device cuda and goes on with cpu/));
    expect(said).toContainEqual(expect.stringMatching(/number of threads 64 and goes on with/));
  });

  it('is the checkpoint before one that is damaged, or the beginning where all are', async () => {
    const one = await copyOf('damaged');
    const checkpoints = async (name: string) => {
      const folder = join(root, `${name}.partial`, 'checkpoints');
      return (await readdir(folder)).sort().map((file) => join(folder, file));
    };
    await writeFile((await checkpoints(one)).at(-1) as string, 'torn');
    const first = await indexing(one, { resume: true });
    await first.summary;
    expect(first.said).toContainEqual(expect.stringMatching(/000017\.safetensors is refused: it is damaged/));
    expect(first.said).toContainEqual(expect.stringMatching(/from step 16$/));
    expect(await model(one)).toEqual(await model('whole'));
    const all = await copyOf('ruined');
    for (const file of await checkpoints(all)) await writeFile(file, '');
    const second = await indexing(all, { resume: true });
    await second.summary;
    expect(second.said).toContainEqual(expect.stringMatching(/the pictures are read in, and training begins/));
    expect(await model(all)).toEqual(await model('whole'));
    expect((await logOf(all)).filter(({ kind }) => kind === 'step')).toHaveLength(30);
  });

  it('is known without being told again', async () => {
    const begun = await readRecordedRun(join(root, 'base'), { orComplete: false });
    expect(begun).toEqual({ config, seed: 1, systems, device: 'cpu', onNan: 'stop' });
    expect(await readRecordedRun(join(root, 'whole'), { orComplete: true })).toEqual({ config, seed: 1 });
    expect(await readRecordedRun(join(root, 'whole'), { orComplete: false })).toBeUndefined();
  });
});

it.skipIf(noMount !== undefined)(
  `a disk that is full while it trains: checkpoints wait, training goes on${noMount ? ` (skipped: ${noMount})` : ''}`,
  async () => {
    // Room for the index and half a model, where a checkpoint is three models or more.
    const blocks = async (folder: string): Promise<number> => {
      const entries = await readdir(folder, { withFileTypes: true });
      const sizes = entries.map(async (entry) =>
        entry.isDirectory() ? await blocks(join(folder, entry.name)) : (await stat(join(folder, entry.name))).blocks,
      );
      return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    };
    const kilobytes = Math.ceil((await blocks(join(root, 'whole'))) / 2 + (await model('whole')).length / 2048);
    await onTinyDisk(async (disk) => {
      const { summary, said } = await indexing('full', { out: join(disk, 'index') });
      expect((await summary).steps).toBe(30);
      expect(said.filter((message) => message.includes('checkpoint'))).toEqual([
        expect.stringMatching(/step 8 cannot be written: no space left .*training goes on without/),
      ]);
      expect(await readdir(disk)).toEqual(['index']);
      expect(await readFile(join(disk, 'index', 'model.safetensors'))).toEqual(await model('whole'));
    }, kilobytes);
  },
);

it('docs/resuming.md names the keys that may change', async () => {
  const docs = await readFile(new URL('../../../../docs/resuming.md', import.meta.url), 'utf8');
  for (const key of CHANGEABLE) expect(docs).toContain(`\`${key}\``);
});
