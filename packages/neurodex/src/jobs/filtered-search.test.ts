import { rm, writeFile } from 'node:fs/promises';
import { defined, silentReporter } from '@neurodex/core';
import { LABEL_SOURCES, openFolder } from '@neurodex/datasets';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openArtifact } from '../artifact/index-artifact.ts';
import { openPrepared, readPreparedManifest } from '../artifact/prepared.ts';
import { configSchema } from '../config.ts';
import { metadataOf } from '../pictures/metadata-table.ts';
import type { SystemName } from '../query/system.ts';
import { buildDataset } from './build-dataset.ts';
import { addToIndex, removeFromIndex, settle, updateIndex } from './change-index.ts';
import { createIndex } from './create-index.ts';
import { forgetPictures } from './forget.ts';
import { recordedLabels } from './recorded-labels.ts';
import { searchIndex } from './search.ts';
import { disc, SMALL_WRITE, WrittenIndexes } from './written-indexes.fixture.ts';

/* Pictures whose dates and places lie in XMP files beside them, and searches of some of them. */

let written: WrittenIndexes;
const quiet = { reporter: silentReporter, device: 'cpu' } as const;
const at = (...path: string[]): string => written.at(...path);
const COLOURS = ['#c00', '#0a0', '#00c'];

const sidecar = (i: number): Buffer =>
  Buffer.from(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmp:CreateDate="${2019 + (i % 4)}-0${1 + (i % 9)}-02T03:04:05+01:00" xmp:Rating="${i % 6}"
 photoshop:City="${i % 2 === 0 ? 'Paris' : 'Rome'}"><dc:subject><rdf:Bag><rdf:li>word${i % 5}</rdf:li></rdf:Bag></dc:subject>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">picture number ${i}</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF></x:xmpmeta>`);

async function album(name: string, from: number, to: number, dated = true) {
  const files: Record<string, Buffer> = {};
  for (let i = from; i < to; i++) {
    files[`${i % 3}/${i}.png`] = await disc(COLOURS[i % 3] ?? '', 3 * i);
    if (dated && i % 7 !== 6) files[`${i % 3}/${i}.xmp`] = sidecar(i);
  }
  return await written.draw(name, files);
}

beforeAll(async () => {
  written = await WrittenIndexes.create();
  const training = { ...SMALL_WRITE.training, seeSteps: 2 };
  await written.make(await album('album', 0, 36), 'index', { training }, ['dsi', 'pixels']);
  await written.make(await album('plain', 0, 30, false), 'undated', { training }, ['dsi', 'pixels']);
}, 240_000);
afterAll(() => written.remove());

interface Facts {
  readonly year: number | undefined;
  readonly city: string | undefined;
  readonly rating: number | undefined;
}
/** Of a picture by its path, as its XMP file says. */
function factsOf(path: string): Facts {
  const i = Number(/(\d+)\.png$/.exec(path)?.[1]);
  if (i % 7 === 6) return { year: undefined, city: undefined, rating: undefined };
  return { year: 2019 + (i % 4), city: i % 2 === 0 ? 'Paris' : 'Rome', rating: i % 6 };
}

const ask = (system: SystemName, options: { where?: string; k: number; index?: string }) =>
  searchIndex({
    ...{ index: at('index'), system, ...quiet, ...options },
    ...(system === 'bm25' ? { files: [], texts: ['1'] } : { files: [at('album', '0', '3.png')] }),
    all: true,
  });

describe.each(['dsi', 'pixels', 'bm25'] as const)('a search of some pictures by %s', (system) => {
  it.each<[string, (facts: Facts) => boolean]>([
    ['year=2020', ({ year }) => year === 2020],
    ['year>=2020 and city=Paris', ({ year = 0, city }) => year >= 2020 && city === 'Paris'],
    ['rating>=4 or not place~rome', ({ rating = 0, city }) => rating >= 4 || city !== 'Rome'],
    ['year=1900', () => false],
    ['label=0 or label=1 or label=2', () => true],
  ])('%s: ranks them as a search of all ranks them', async (where, takes) => {
    const all = (await ask(system, { k: 100 })).results[0]?.answers ?? [];
    const expected = all.filter(({ picture }) => takes(factsOf(picture)));
    const found = await ask(system, { where, k: 100 });
    const answers = found.results[0]?.answers ?? [];
    expect(answers.map(({ picture }) => picture)).toEqual(expected.map(({ picture }) => picture));
    for (const [i, { score, relevance }] of answers.entries()) {
      expect(score).toBeCloseTo(expected[i]?.score ?? NaN, 5);
      expect(relevance).toEqual(expected[i]?.relevance);
    }
    expect(found.matching).toBe(expected.length);
    const best = (await ask(system, { where, k: 2 })).results[0]?.answers ?? [];
    expect(best.map(({ picture }) => picture)).toEqual(expected.slice(0, 2).map(({ picture }) => picture));
  });
});

describe('a filter', () => {
  it('that is wrong is told before anything is opened', async () => {
    const asked = searchIndex({ ...quiet, index: at('nowhere'), files: [], system: 'dsi', k: 1, where: 'yeer=2020' });
    await expect(asked).rejects.toMatchObject({ code: 'filter-invalid', hint: expect.stringContaining('year') });
  });

  it('does not go with a confidence', async () => {
    const options = { ...quiet, index: at('index'), files: [at('album', '0', '3.png')], system: 'dsi', k: 1 } as const;
    const asked = searchIndex({ ...options, where: 'year=2020', confidence: 0.9 });
    await expect(asked).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('whole catalogue') });
  });

  it('of an index without metadata takes by names and labels', async () => {
    const by = async (where: string) => (await ask('pixels', { index: at('undated'), where, k: 100 })).matching;
    expect(await by('year>1')).toBe(0);
    expect(await by('label=1')).toBeGreaterThan(0);
    expect(await by('name~1/')).toBe(await by('label=1'));
  });
});

/** What the pictures of an index say of themselves, by path. */
const said = async (index: string) => {
  const artifact = await openArtifact(at(index));
  try {
    const table = await artifact.store.metadata();
    return Object.fromEntries(
      artifact.store.rows.map(({ path, row }) => [path, table === undefined ? {} : metadataOf(table, row)]),
    );
  } finally {
    await artifact.close();
  }
};

describe('an index that pictures come to', () => {
  it('gets columns with the first one that says something, and keeps them through changes', async () => {
    await album('more', 36, 42);
    const pictures = await openFolder(at('more'));
    await addToIndex({ ...quiet, index: at('undated'), pictures });
    const { matching } = await ask('dsi', { index: at('undated'), where: 'city=Paris', k: 3 });
    expect(matching).toBe(3);
    const before = await said('undated');
    expect(before['0/36.png']).toEqual({
      ...{ taken: Date.UTC(2019, 0, 2, 3, 4, 5), takenOffset: 60, city: 'Paris', rating: 0, keywords: ['word1'] },
    });
    await removeFromIndex({ ...quiet, index: at('undated'), pictures: ['1/37.png'] });
    await settle({ ...quiet, index: at('undated') });
    const { '1/37.png': removed, ...kept } = before;
    expect(removed).toMatchObject({ city: 'Rome' });
    expect(await said('undated')).toEqual(kept);
  }, 120_000);

  it('keeps what its pictures say when it is made anew without one', async () => {
    const { '1/1.png': _, ...kept } = await said('index');
    await forgetPictures({ ...quiet, index: at('index'), pictures: ['1/1.png'] });
    expect(await said('index')).toEqual(kept);
  }, 120_000);

  it('follows its source with labels from where it has them', async () => {
    expect(await recordedLabels(at('index'))).toBe('layout');
    const training = { ...SMALL_WRITE.training, seeSteps: 2 };
    const config = { ...SMALL_WRITE, training, dataset: { ...SMALL_WRITE.dataset, labels: 'folder' as const } };
    const dataset = await openFolder(at('album'), { labels: 'folder' });
    await createIndex({ ...quiet, dataset, out: at('by-folder'), config, systems: ['pixels'], seed: 1, force: false });
    expect(await recordedLabels(at('by-folder'))).toBe('folder');
    const again = await openFolder(at('album'), { labels: await recordedLabels(at('by-folder')) });
    expect(await updateIndex({ ...quiet, index: at('by-folder'), dataset: again, dryRun: true })).toMatchObject({
      moved: [],
      added: [],
      unchanged: 36,
    });
  }, 120_000);
});

describe('a prepared data set', () => {
  it('hands on what its pictures say', async () => {
    const out = at('prepared');
    const dataset = await openFolder(at('album'));
    await buildDataset({ dataset, out, config: SMALL_WRITE, seed: 1, force: false, reporter: silentReporter });
    const manifest = defined(await readPreparedManifest(out), 'the manifest');
    const { pictures } = await openPrepared(out, manifest);
    const prepared = pictures.find(({ path }) => path === '0/0.png');
    expect(prepared?.metadata).toMatchObject({ city: 'Paris', rating: 0, takenOffset: 60 });
    await createIndex({
      ...quiet,
      dataset: { ...dataset, pictures },
      out: at('from-prepared'),
      config: SMALL_WRITE,
      systems: ['pixels'],
      seed: 1,
      force: false,
    });
    expect(await said('from-prepared')).toEqual(await said('by-folder'));
  }, 120_000);
});

describe('picture files that are added', () => {
  it('come with the XMP files beside them', async () => {
    await album('single', 50, 51);
    const files = [{ name: '50.png', path: at('single', '2', '50.png') }];
    await addToIndex({ ...quiet, index: at('undated'), pictures: { files, labels: [] } });
    expect((await said('undated'))['50.png']).toMatchObject({ city: 'Paris', rating: 2 });
  }, 120_000);
});

describe('the sources of labels', () => {
  it('are those that the data sets have', () => {
    expect(configSchema.shape.dataset.shape.labels.unwrap().options).toEqual(LABEL_SOURCES);
  });
});

describe('metadata as words', () => {
  it('becomes captions, and damaged metadata is counted and stops nothing', async () => {
    await album('worded', 0, 24);
    await writeFile(at('worded', '0', '3.xmp'), 'no XMP');
    await rm(at('worded', '1', '4.xmp'));
    const warn = vi.fn();
    const dataset = await openFolder(at('worded'));
    const config = { ...SMALL_WRITE, dataset: { ...SMALL_WRITE.dataset, metadata: 'words' as const } };
    const reporter = { ...silentReporter, warn };
    await createIndex({
      ...quiet,
      reporter,
      dataset,
      out: at('words'),
      config,
      systems: ['pixels'],
      seed: 1,
      force: false,
    });
    expect(warn.mock.calls.map(([message]) => message)).toContainEqual(
      expect.stringMatching(/^1 picture has metadata that is damaged.*0\/3\.png, the XMP file beside it: it is no XML/),
    );
    const artifact = await openArtifact(at('words'));
    const captions = new Map(artifact.store.rows.map((picture) => [picture.path, picture.captions]));
    await artifact.close();
    expect(captions.get('2/5.png')).toEqual(['picture number 5', 'word0']);
    expect(captions.get('1/4.png')).toBeUndefined();
  }, 120_000);
});
