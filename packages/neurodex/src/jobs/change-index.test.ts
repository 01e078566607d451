import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { openFolder } from '@neurodex/datasets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addToIndex, removeFromIndex, settle, updateIndex } from './change-index.ts';
import { createIndex } from './create-index.ts';
import { forgetPictures, repeatBuild } from './forget.ts';
import { inspectIndex } from './inspect-index.ts';
import { verifyIndex } from './verify-index.ts';
import { disc, SMALL_WRITE, WrittenIndexes } from './written-indexes.fixture.ts';

let written: WrittenIndexes;
const quiet = { reporter: silentReporter, device: 'cpu' } as const;
const at = (...path: string[]): string => written.at(...path);
let copies = 0;
const copy = (): string => {
  const folder = at(`copy-${copies++}`);
  cpSync(at('index'), folder, { recursive: true });
  return folder;
};

beforeAll(async () => {
  written = await WrittenIndexes.create();
  const pictures: Record<string, Buffer> = {};
  for (let i = 0; i < 30; i++) pictures[`${i % 3}/${i}.png`] = await disc(['#c00', '#0a0', '#00c'][i % 3] ?? '', 3 * i);
  const dataset = await written.draw('source', pictures);
  await written.make(dataset, 'index', { training: { ...SMALL_WRITE.training, seeSteps: 2 } }, ['dsi', 'pixels']);
  await written.draw('more', { 'x.png': await disc('#f0f', 100), 'y.png': await disc('#0ff', 101) });
  writeFileSync(at('more', 'z.png'), 'no picture');
}, 120_000);
afterAll(() => written.remove());

const files = (...names: string[]) => ({
  files: names.map((name) => ({ name, path: at('more', name) })),
  labels: ['new'],
});

describe('pictures that are added and removed', () => {
  it('are reported by name, id and identifier, with what is known and what fails', async () => {
    const index = copy();
    const done = await addToIndex({ index, pictures: files('x.png', 'y.png', 'z.png'), ...quiet });
    expect(done.added.map(({ picture, id }) => [picture, id])).toEqual([
      ['x.png', 30],
      ['y.png', 31],
    ]);
    expect(done.failed.map(({ input, code }) => [input, code])).toEqual([['z.png', 'picture-not-an-image']]);
    const facts = await inspectIndex({ index, verify: true, reporter: silentReporter });
    expect(facts).toMatchObject({
      digest: done.digest,
      catalogue: done.catalogue,
      unlisted: [],
      changes: done.changes,
    });
    expect(await addToIndex({ index, pictures: files('x.png'), ...quiet })).toMatchObject({
      added: [],
      known: [{ picture: 'x.png', as: 'x.png' }],
      digest: done.digest,
    });
    await expect(addToIndex({ index, pictures: files('z.png'), ...quiet })).rejects.toMatchObject({
      code: 'picture-not-an-image',
    });
    const gone = await removeFromIndex({ index, pictures: ['x.png', '31'], ...quiet });
    expect(gone.removed).toEqual([
      { id: 30, picture: 'x.png' },
      { id: 31, picture: 'y.png' },
    ]);
    await expect(removeFromIndex({ index, pictures: ['0/0.png', 'x.png'], ...quiet })).rejects.toMatchObject({
      code: 'picture-unknown',
    });
    expect((await inspectIndex({ index, verify: true, reporter: silentReporter })).digest).toBe(gone.digest);
  });

  it('leave nothing behind, and what is there is found', async () => {
    const index = copy();
    await addToIndex({ index, pictures: files('x.png', 'y.png'), ...quiet });
    await removeFromIndex({ index, pictures: ['x.png', '0/0.png'], ...quiet });
    const without = [
      { name: 'x.png', path: at('more', 'x.png') },
      { name: 'y.png', path: at('more', 'y.png') },
      { name: '0/0.png', path: at('source', '0/0.png') },
      { name: 'nowhere.png', path: at('nowhere.png') },
    ];
    const found = await verifyIndex({ index, without, reporter: silentReporter });
    expect(new Set(found.traces.map(({ picture }) => picture))).toEqual(new Set(['y.png']));
    expect(new Set(found.traces.map(({ what }) => what))).toEqual(
      // The file itself is not kept: its thumbnail is drawn anew.
      new Set(['name', 'digest', 'thumbnail', 'pixels']),
    );
    expect(found.without.map(({ what }) => what.length)).toEqual([5, 5, 5, 1]);
    expect(found.rows).toBe(30);
    const again = await verifyIndex({ index, without: [], reporter: silentReporter });
    expect(again.rowsDigest).toBe(found.rowsDigest);
  });

  it('follow a source, or only tell what differs', async () => {
    const index = copy();
    cpSync(at('source'), at('followed'), { recursive: true });
    rmSync(at('followed', '0', '0.png'));
    cpSync(at('more', 'x.png'), at('followed', '1', 'x.png'));
    const before = readFileSync(join(index, 'index.json'), 'utf8');
    const dataset = await openFolder(at('followed'));
    const dry = await updateIndex({ index, dataset, dryRun: true, ...quiet });
    expect(dry).toMatchObject({ dryRun: true, unchanged: 29, added: ['1/x.png'], removed: ['0/0.png'], failed: [] });
    expect(readFileSync(join(index, 'index.json'), 'utf8')).toBe(before);
    const done = await updateIndex({ index, dataset, dryRun: false, ...quiet });
    expect(done).toMatchObject({ added: ['1/x.png'], removed: ['0/0.png'] });
    expect(await updateIndex({ index, dataset, dryRun: false, ...quiet })).toMatchObject({
      unchanged: 30,
      digest: done.digest,
    });
    expect(await settle({ index, ...quiet })).toMatchObject({ parts: [2, 1], changes: { revision: 2 } });
  });

  it('are refused by an index whose network has learned its pictures by heart, or that is none', async () => {
    const dataset = await openFolder(at('source'));
    const training = { ...SMALL_WRITE.training, plan: 'joint', indexingEpochs: 1 } as const;
    const config = {
      ...SMALL_WRITE,
      identifiers: { ...SMALL_WRITE.identifiers, vectors: 'pixels' as const },
      text: { ...SMALL_WRITE.text, tokens: 0 },
      training,
    };
    await createIndex({ dataset, out: at('joint'), config, systems: ['dsi'], seed: 1, force: false, ...quiet });
    const refused = { code: 'index-fixed', message: expect.stringContaining('training.plan joint') };
    await expect(addToIndex({ index: at('joint'), pictures: files('x.png'), ...quiet })).rejects.toMatchObject(refused);
    await expect(settle({ index: at('joint'), ...quiet })).rejects.toMatchObject(refused);
    expect(existsSync(at('joint', 'lock'))).toBe(false);
    await expect(removeFromIndex({ index: at('more'), pictures: ['a'], ...quiet })).rejects.toMatchObject({
      code: 'index-missing',
    });
  });
});

describe('pictures that are forgotten', () => {
  it('leave the index that would be there without them, to the last bit', async () => {
    const index = copy();
    const done = await forgetPictures({ index, pictures: ['1/1.png'], ...quiet });
    expect(done).toMatchObject({ forgotten: ['1/1.png'], steps: 2 });
    cpSync(at('source'), at('without'), { recursive: true });
    rmSync(at('without', '1', '1.png'));
    const dataset = { ...(await openFolder(at('without'))), source: at('source') };
    await written.make(dataset, 'never', { training: { ...SMALL_WRITE.training, seeSteps: 2 } }, ['dsi', 'pixels']);
    for (const name of ['model.safetensors', 'catalogue/catalogue.json']) {
      expect([name, readFileSync(join(index, name), 'latin1')]).toEqual([
        name,
        readFileSync(at('never', name), 'latin1'),
      ]);
    }
    const { content, repeated } = await repeatBuild({ index, ...quiet });
    expect([content, repeated]).toEqual([done.content, done.content]);
    await expect(forgetPictures({ index, pictures: ['1/1.png'], ...quiet })).rejects.toMatchObject({
      code: 'picture-unknown',
    });
    // What was only removed is still in what the network learned.
    const removed = copy();
    await removeFromIndex({ index: removed, pictures: ['1/1.png'], ...quiet });
    const other = await repeatBuild({ index: removed, ...quiet });
    expect(other.content).not.toBe(other.repeated);
  });
});
