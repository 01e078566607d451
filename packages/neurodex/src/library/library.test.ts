import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { NeurodexError } from '@neurodex/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { searchIndex } from '../jobs/search.ts';
import { buildIndex, planIndex } from './build-index.ts';
import type { Index } from './index-interface.ts';
import { openIndex } from './open-index.ts';
import { PETS_CONFIG, Pets } from './pets.fixture.ts';
import type { SearchQuery } from './search-query.ts';

let pets: Pets;
let index: Index;

beforeAll(async () => {
  pets = await Pets.create();
  index = await openIndex(pets.at('pets'));
}, 600_000);
afterAll(async () => {
  await index?.close();
  await pets?.remove();
});

const failure = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error,
  );
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await failure(work);
  if (!(error instanceof NeurodexError)) throw error;
  return error.code;
};

describe('search', () => {
  it('answers as the command line does', async () => {
    const [cat, text] = [pets.at('cat.jpg'), 'dog'];
    for (const [query, asked] of [
      [cat, { files: [cat] }],
      [{ text }, { files: [], texts: [text] }],
    ] as const) {
      const { results } = await searchIndex({
        ...{ index: pets.at('pets'), system: 'dsi', k: 7, device: 'cpu', all: true, ...asked },
        reporter: { progress() {}, warn() {}, info() {} },
      });
      const found = await index.search(query, { k: 7, system: 'dsi', all: true });
      const expected = results[0]?.answers ?? [];
      expect(found.answers.map(({ name }) => name)).toEqual(expected.map(({ picture }) => picture));
      expect(found.answers.map(({ identifier }) => identifier)).toEqual(expected.map(({ identifier }) => identifier));
      for (const [i, { score }] of found.answers.entries()) expect(score).toBeCloseTo(expected[i]?.score ?? NaN, 4);
      expect(found.none).toBe(results[0]?.none);
    }
  });

  it('takes a path, a URL, bytes, and pictures of the index by name and number', async () => {
    const path = pets.at('cat.jpg');
    const names = async (query: SearchQuery) =>
      [...(await index.search(query, { k: 5, all: true }))].map(({ name }) => name);
    const expected = await names(path);
    expect(expected).toHaveLength(5);
    expect(await names(pathToFileURL(path))).toEqual(expected);
    expect(await names(readFileSync(path))).toEqual(expected);
    const [name = ''] = expected;
    const { id = -1 } = (await index.picture({ name })) ?? {};
    expect(await names({ name })).toEqual(await names({ id }));
    expect(await names({ plus: path })).toEqual(expected);
    const composed = { plus: [path, { text: 'dog' }], minus: { text: 'cat' } };
    expect(await names(composed)).toHaveLength(5);
  });

  it('filters by relevance, where answers are calibrated', async () => {
    const all = await index.search(pets.at('cat.jpg'), { k: 30, all: true });
    expect(all.answers.every(({ relevance }) => relevance !== null)).toBe(true);
    const likely = await index.search(pets.at('cat.jpg'), { k: 30, all: true, minRelevance: 0.5 });
    const expected = all.answers.filter(({ relevance }) => (relevance ?? NaN) >= 0.5);
    expect(likely.answers).toEqual(expected.map((answer, i) => ({ ...answer, rank: i + 1 })));
  });

  it('says what is wrong with a query', async () => {
    expect(await codeOf(index.search(pets.at('none.jpg')))).toBe('picture-missing');
    expect(await codeOf(index.search(new Uint8Array([1, 2, 3])))).toMatch(/^picture-/);
    expect(await codeOf(index.search({ name: 'nobody.png' }))).toBe('picture-unknown');
    expect(await codeOf(index.search({ id: 10_000 }))).toBe('picture-unknown');
    expect(await codeOf(index.search({ text: '' }))).toBe('text-empty');
    expect(await codeOf(index.search(new URL('https://example.org/cat.jpg')))).toBe('usage');
    expect(await codeOf(index.search('s3://pictures/cat.jpg'))).toBe('usage');
    expect(await codeOf(index.search({ plus: [] }))).toBe('usage');
    expect(await codeOf(index.search(pets.at('cat.jpg'), { k: 0 }))).toBe('usage');
    expect(await codeOf(index.search(pets.at('cat.jpg'), { k: 1.5 }))).toBe('usage');
    expect(await codeOf(index.search(pets.at('cat.jpg'), { minRelevance: 2 }))).toBe('usage');
    expect(await codeOf(index.search(pets.at('cat.jpg'), { confidence: 1 }))).toBe('usage');
    expect(await codeOf(index.search(pets.at('cat.jpg'), { system: 'encoder' }))).toBe('system-missing');
    expect(await codeOf(index.search({ text: 'cat' }, { system: 'pixels' }))).toBe('query-unsupported');
  });

  it('answers many searches at once as one after another', async () => {
    const queries = ['cat.jpg', 'dog.jpg', 'photos/bird/3.png'].map((name) => pets.at(name));
    const systems = ['dsi', 'pixels'] as const;
    const asked = Array.from({ length: 60 }, (_, i) => ({
      query: queries[i % queries.length] ?? '',
      options: { k: 1 + (i % 4), system: systems[i % 2] ?? 'dsi', all: true },
    }));
    const together = await Promise.all(asked.map(({ query, options }) => index.search(query, options)));
    for (const [i, { query, options }] of asked.slice(0, 12).entries()) {
      const alone = await index.search(query, options);
      expect(together[i]?.answers.map(({ name }) => name)).toEqual(alone.answers.map(({ name }) => name));
    }
  });

  it('answers many queries in their order, and leaves out what cannot be read where that is wanted', async () => {
    const names = ['cat.jpg', 'none.jpg', 'dog.jpg', 'photos/bird/1.png'];
    async function* given() {
      for (const name of names) yield pets.at(name);
    }
    const failed: string[] = [];
    const seen: string[] = [];
    const onFailed = (query: string, error: Error) =>
      void failed.push(`${query} ${error instanceof NeurodexError && error.code}`);
    for await (const { query, answers } of index.searchMany(given(), { k: 2, all: true, onFailed })) {
      expect(answers).toHaveLength(2);
      seen.push(query);
    }
    expect(seen).toEqual(['cat.jpg', 'dog.jpg', 'photos/bird/1.png'].map((name) => pets.at(name)));
    expect(failed).toEqual([`${pets.at('none.jpg')} picture-missing`]);
    const all = async () => {
      for await (const _ of index.searchMany(given()));
    };
    expect(await codeOf(all())).toBe('picture-missing');
  });

  it('rejects with the reason of its signal, and goes on with other searches', async () => {
    const controller = new AbortController();
    const reason = new Error('no longer wanted');
    const asked = Array.from({ length: 8 }, () => index.search(pets.at('cat.jpg'), { signal: controller.signal }));
    const other = index.search(pets.at('cat.jpg'), { k: 1, all: true });
    controller.abort(reason);
    for (const each of asked) expect(await failure(each)).toBe(reason);
    expect((await other).answers).toHaveLength(1);
    expect(await failure(index.search(pets.at('cat.jpg'), { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(await failure(openIndex(pets.at('pets'), { signal: AbortSignal.abort(reason) }))).toBe(reason);
  });
});

describe('pictures', () => {
  it('lists them, and gives what is kept of each', async () => {
    const all = [];
    for await (const picture of index.pictures()) all.push(picture);
    const { train, validation, test } = index.queries;
    expect(all).toHaveLength(60);
    expect(index.size + train + validation + test).toBe(60);
    expect(all.filter(({ role }) => role === 'catalogue')).toHaveLength(index.size);
    const labels = await index.labels();
    expect([...labels.keys()]).toEqual(['bird', 'cat', 'dog']);
    expect([...labels.values()].reduce((sum, count) => sum + count, 0)).toBe(index.size);
    const { id = -1, name = '' } = all[3] ?? {};
    expect(await index.picture({ id })).toEqual(await index.picture({ name }));
    expect([...(await index.thumbnail({ id })).subarray(1, 4)]).toEqual([...Buffer.from('PNG')]);
    const { size, pixels } = await index.pixels({ name });
    expect([size, pixels.length]).toEqual([16, 16 * 16 * 3]);
    expect(await index.picture({ name: 'nobody' })).toBeUndefined();
    expect(await codeOf(index.thumbnail({ id: 999 }))).toBe('picture-unknown');
  });

  it('explains an answer', async () => {
    const { picture, side, tokens } = await index.explain(pets.at('cat.jpg'));
    const [best] = await index.search(pets.at('cat.jpg'), { k: 1, all: true, system: 'dsi' });
    expect(picture).toBe(best?.name);
    for (const { rollout } of tokens) {
      expect(rollout.patches).toHaveLength(side * side);
      expect(rollout.patches.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 4);
    }
  });
});

describe('changes', () => {
  it('adds and removes pictures, which are searched from then on', async () => {
    await using changed = await openIndex(pets.copy());
    const { digest, size } = changed;
    const searching = Array.from({ length: 6 }, () => changed.search(pets.at('cat.jpg'), { k: 1, all: true }));
    const job = changed.add([{ name: 'new/cat.jpg', picture: readFileSync(pets.at('cat.jpg')), labels: ['cat'] }]);
    const { added, failed } = await job;
    expect([added.length, failed.length]).toEqual([1, 0]);
    for (const each of searching) expect((await each).answers).toHaveLength(1);
    expect(changed.size).toBe(size + 1);
    expect(changed.digest).not.toBe(digest);
    const found = await changed.search(pets.at('cat.jpg'), { k: 1, all: true });
    expect(found.answers[0]?.name).toBe('new/cat.jpg');
    expect(await codeOf(changed.remove([{ name: 'nobody' }]))).toBe('picture-unknown');
    const { removed } = await changed.remove([{ id: added[0]?.id ?? -1 }]);
    expect(removed.map(({ picture }) => picture)).toEqual(['new/cat.jpg']);
    expect(changed.size).toBe(size);
    expect(await changed.picture({ name: 'new/cat.jpg' })).toBeUndefined();
    const { added: seen, removed: gone } = await changed.update(pets.at('photos'), { dryRun: true });
    expect([seen, gone]).toEqual([[], []]);
  });

  it('does changes that are asked for at once one after another', async () => {
    await using changed = await openIndex(pets.copy());
    const { size } = changed;
    const [first, second] = await Promise.all([changed.add([pets.at('cat.jpg')]), changed.add([pets.at('dog.jpg')])]);
    expect([first.added[0]?.picture, second.added[0]?.picture]).toEqual(['cat.jpg', 'dog.jpg']);
    expect(changed.size).toBe(size + 2);
  });

  it('takes what another program has made of the index', async () => {
    const folder = pets.copy();
    await using mine = await openIndex(folder);
    await using theirs = await openIndex(folder);
    await theirs.add([pets.at('dog.jpg')]);
    expect(mine.size).toBe(theirs.size - 1);
    expect((await mine.search(pets.at('cat.jpg'), { k: 3, all: true })).answers).toHaveLength(3);
    await mine.refresh();
    expect(mine.size).toBe(theirs.size);
    expect(await mine.refresh()).toBe(false);
  });
});

describe('jobs', () => {
  it('tells how far it is, and what came of it', async () => {
    const job = index.evaluate({ systems: ['pixels'], measures: ['AP@10'] });
    const phases = new Set<string>();
    let last: { done: number; total: number | undefined } | undefined;
    for await (const event of job) {
      if (event.kind !== 'progress') continue;
      phases.add(event.phase);
      if (event.phase === 'evaluate') last = event;
    }
    expect(last?.done).toBe(last?.total);
    expect(phases).toContain('evaluate');
    expect(Object.keys((await job).systems)).toEqual(['pixels']);
  });

  it('stops with the reason of its signal, in the loop and as a promise', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const job = index.evaluate({ signal: controller.signal });
    const loop = async () => {
      for await (const event of job) if (event.kind === 'progress') controller.abort(reason);
    };
    expect(await failure(loop())).toBe(reason);
    expect(await failure(job)).toBe(reason);
  });

  it('finds duplicates, and exports', async () => {
    const { pictures, groups } = await index.duplicates();
    expect(pictures).toBe(60);
    expect(groups.every(({ members }) => members.length > 1)).toBe(true);
    const { exports } = await index.export({ out: { onnx: pets.at('onnx') } });
    expect(exports.map(({ kind }) => kind)).toEqual(['onnx']);
    expect(existsSync(pets.at('onnx'))).toBe(true);
  });
});

describe('closing', () => {
  it('waits for searches that are under way, and refuses later ones', async () => {
    const opened = await openIndex(pets.at('pets'), { systems: ['dsi', 'pixels'], threads: 1 });
    const searching = Array.from({ length: 10 }, () => opened.search(pets.at('cat.jpg'), { k: 1, all: true }));
    const closing = opened.close();
    for (const each of searching) expect((await each).answers).toHaveLength(1);
    await closing;
    await opened.close();
    expect(await codeOf(opened.search(pets.at('cat.jpg')))).toBe('usage');
    expect(await codeOf(opened.evaluate())).toBe('usage');
  });

  it('refuses what is no index, and systems that it lacks', async () => {
    expect(await codeOf(openIndex(pets.at('photos')))).toBe('index-missing');
    expect(await codeOf(openIndex(pets.at('pets'), { systems: ['encoder'] }))).toBe('system-missing');
    expect(await codeOf(openIndex(pets.at('pets'), { shards: { asked: 2 } }))).toBe('usage');
  });
});

describe('building', () => {
  const asked = () => ({ source: pets.at('photos'), config: PETS_CONFIG, systems: ['dsi'], seed: 1 }) as const;

  it('leaves an aborted build to be gone on with, which ends as it would have', async () => {
    const out = pets.at('aborted');
    const reason = new Error('later');
    const controller = new AbortController();
    const build = buildIndex({ ...asked(), out, signal: controller.signal });
    const stages: string[] = [];
    const loop = async () => {
      for await (const { stage } of build) {
        if (stages.at(-1) !== stage) stages.push(stage);
        if (stage === 'see') controller.abort(reason);
      }
    };
    expect(await failure(loop())).toBe(reason);
    expect(stages).toContain('decode');
    expect(existsSync(`${out}.partial`)).toBe(true);
    expect(existsSync(out)).toBe(false);
    expect(await codeOf(buildIndex({ ...asked(), out }))).toBe('run-unfinished');
    await buildIndex({ source: pets.at('photos'), out, resume: true });
    await buildIndex({ ...asked(), out: pets.at('whole') });
    const model = (folder: string) => readFileSync(`${folder}/model.safetensors`);
    expect(model(out).equals(model(pets.at('whole')))).toBe(true);
  });

  it('says what is wrong with what it is asked', async () => {
    const out = pets.at('wrong');
    const wrong = (changes: object): Promise<string> => codeOf(buildIndex({ ...asked(), out, ...changes }));
    expect(await wrong({ config: { training: { batchsize: 3 } } })).toBe('config-unknown-key');
    expect(await wrong({ config: { training: { batchSize: 0 } } })).toBe('config-invalid');
    expect(await wrong({ preset: 'nothing' })).toBe('unknown-preset');
    expect(await wrong({ source: pets.at('nowhere') })).toBe('source-missing');
    expect(await wrong({ out: pets.at('pets') })).toBe('output-exists');
    expect(existsSync(out)).toBe(false);
  });

  it('plans without building', async () => {
    const { pictures, stages } = await planIndex(asked());
    expect(pictures.catalogue + pictures.train + pictures.validation + pictures.test).toBe(60);
    expect(stages.map(({ name }) => name)).toContain('see');
  });

  it('fails loudly where nobody listens', async () => {
    const heard = vi.fn();
    process.once('unhandledRejection', heard);
    const listeners = process.listeners('unhandledRejection').filter((each) => each !== heard);
    for (const each of listeners) process.off('unhandledRejection', each);
    void buildIndex({ ...asked(), source: pets.at('nowhere'), out: pets.at('wrong') });
    await vi.waitFor(() => expect(heard).toHaveBeenCalled(), { timeout: 20_000 });
    process.off('unhandledRejection', heard);
    for (const each of listeners) process.on('unhandledRejection', each);
  });

  it('writes nothing to the terminal, and listens to no signal of the process', async () => {
    const written = [vi.spyOn(process.stdout, 'write'), vi.spyOn(process.stderr, 'write')];
    const before = process.eventNames().length;
    await buildIndex({ ...asked(), out: pets.at('silent') });
    await using opened = await openIndex(pets.at('silent'));
    await opened.search(pets.at('cat.jpg'));
    await opened.evaluate({ systems: ['dsi'] });
    for (const each of written) {
      expect(each).not.toHaveBeenCalled();
      each.mockRestore();
    }
    expect(process.eventNames().length).toBe(before);
  });
});
