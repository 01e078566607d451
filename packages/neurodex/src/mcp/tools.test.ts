import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CallToolResult, Client } from '@modelcontextprotocol/client';
import { defined, silentReporter } from '@neurodex/core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { searchIndex } from '../jobs/search.ts';
import { circle, heldRanker, makeIndex } from '../server/served.fixture.ts';
import { connected, type Found, foundIn, images, openForTest, textOf } from './mcp.fixture.ts';
import type { McpServices } from './services.ts';

let root = '';
let shapes = '';
let services: McpServices;
let client: Client;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-mcp-'));
  shapes = await makeIndex(root, 'shapes');
  const captioned = await makeIndex(root, 'captioned', { written: true, captions: true, each: 14 });
  services = await openForTest([shapes, captioned], { allowChanges: true });
  client = await connected(services);
}, 300_000);
afterAll(async () => {
  await client.close();
  await services.close();
  await rm(root, { recursive: true, force: true });
});

const call = (name: string, input: Record<string, unknown> = {}): Promise<CallToolResult> =>
  client.callTool({ name, arguments: input });
/** What a tool failed with: `code: sentence (hint)`. */
async function failure(name: string, input: Record<string, unknown>): Promise<string> {
  const result = await call(name, input);
  expect(result.isError, JSON.stringify(result.structuredContent)).toBe(true);
  return textOf(result);
}
describe('what is offered', () => {
  it('is every tool with what it may do', async () => {
    const { tools } = await client.listTools();
    expect(Object.fromEntries(tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint]))).toEqual({
      ...{ search: true, explain: true, view: true, duplicates: true, add: false },
    });
    for (const { name, inputSchema, outputSchema, description } of tools) {
      expect(description, name).toBeTruthy();
      expect(outputSchema?.type, name).toBe('object');
      expect(inputSchema.properties?.index, name).toMatchObject({ enum: ['shapes', 'captioned'], default: 'shapes' });
    }
    const search = tools.find(({ name }) => name === 'search');
    expect(Object.keys(search?.inputSchema.properties ?? {})).toContain('file');
  });

  it('has nothing that changes an index, and no files of the machine, where neither is allowed', async () => {
    const guarded = await connected({ ...services, allowChanges: false, isLocal: false });
    const { tools } = await guarded.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['search', 'explain', 'view', 'duplicates']);
    for (const { inputSchema } of tools) expect(Object.keys(inputSchema.properties ?? {})).not.toContain('file');
    const file = join(root, 'pictures of shapes', 'class 0', '0-0.png');
    const result = await guarded.callTool({ name: 'search', arguments: { file } });
    expect(result.isError).toBe(true);
    expect((await guarded.callTool({ name: 'view', arguments: { picture: 'shapes.0' } })).isError).not.toBe(true);
    await guarded.close();
  });
});

describe('search', () => {
  it('answers as `neurodex search` does, with small pictures of the best', async () => {
    const file = join(root, 'pictures of shapes', 'class 1', '1-3.png');
    const asked = {
      index: shapes,
      files: [file],
      k: 7,
      system: 'dsi',
      device: 'cpu',
      reporter: silentReporter,
    } as const;
    const { results } = await searchIndex({ ...asked, all: true });
    const result = await call('search', { file, k: 7, thumbnails: 3 });
    const found = foundIn(result);
    expect(found).toMatchObject({ index: 'shapes', system: 'dsi', nothingFound: false, partial: false });
    expect(found.answers.map(({ picture }) => picture.name)).toEqual(results[0]?.answers.map(({ picture }) => picture));
    for (const [i, { score }] of found.answers.entries())
      expect(score).toBeCloseTo(results[0]?.answers[i]?.score ?? NaN, 4);
    expect(JSON.parse(textOf(result))).toEqual(result.structuredContent);
    expect(images(result)).toHaveLength(3);
    const shown = result.content.filter((block) => block.type === 'text').slice(1);
    const names = found.answers.slice(0, 3).map(({ rank, picture }) => `${rank}. ${picture.id} ${picture.name}`);
    expect(shown.map(({ text }) => text)).toEqual(names);
    for (const { data } of images(result)) {
      const { width, height } = await sharp(Buffer.from(data, 'base64')).metadata();
      expect(Math.max(width, height)).toBeLessThanOrEqual(128);
    }
  });

  it('takes the same picture as a path, an address, base64 and a data address', async () => {
    const file = join(root, 'a circle.png');
    await writeFile(file, await circle(2, 5));
    const base64 = (await circle(2, 5)).toString('base64');
    const queries = [
      { file },
      { file: pathToFileURL(file).href },
      { image: base64 },
      { image: `data:image/png;base64,${base64}` },
    ];
    // One after another: queries that are answered together differ in the last digits.
    const results: Found['answers'][] = [];
    for (const query of queries) results.push(foundIn(await call('search', query)).answers);
    for (const answers of results) expect(answers).toEqual(results[0]);
    expect(results[0]).toHaveLength(10);
  });

  it('takes a picture of an index by its id, also in another index', async () => {
    const [first] = foundIn(await call('search', { picture: 'shapes.3', k: 1, system: 'pixels' })).answers;
    const facts = (await services.host.picture('shapes.3')).facts;
    expect(first).toBeDefined();
    if (facts.role === 'catalogue') expect(first?.picture.id).toBe('shapes.3');
    const elsewhere = foundIn(await call('search', { picture: 'shapes.3', index: 'captioned', k: 2 }));
    expect(elsewhere.index).toBe('captioned');
    expect(elsewhere.answers).toHaveLength(2);
  });

  it('takes words, alone and beside a picture, where the index does', async () => {
    const text = await call('search', { text: 'a circle', index: 'captioned' });
    expect(text.structuredContent).toMatchObject({ query: { text: 'a circle', picture: null } });
    expect(foundIn(text).answers.length).toBeGreaterThan(0);
    const both = await call('search', { picture: 'captioned.0', plus: ['red'], index: 'captioned', thumbnails: 0 });
    expect(both.structuredContent).toMatchObject({ query: { plus: ['red'], picture: 'captioned.0' } });
    expect(images(both)).toHaveLength(0);
    expect(await failure('search', { text: 'a circle', index: 'shapes', system: 'pixels' })).toMatch(
      /^query-unsupported: /,
    );
  });

  it.each([
    ['nothing to search for', {}, /^query-empty: .*give one of file, image, picture or text/],
    ['two queries', { text: 'a', picture: 'shapes.1' }, /^parameter-invalid: a search has one query/],
    ['a file that is not there', { file: '/nowhere/a.png' }, /^picture-missing: \/nowhere\/a\.png/],
    ['a folder', { file: tmpdir() }, /^picture-/],
    ['an address elsewhere', { file: 'file://elsewhere/a.png' }, /^picture-missing: .*no file of this machine/],
    ['what is no base64', { image: 'a picture!' }, /^body-malformed: image is no base64/],
    ['what is no picture', { image: Buffer.from('text').toString('base64') }, /^picture-not-an-image: /],
    ['a picture that is not there', { picture: 'shapes.99999' }, /^picture-unknown: .*\(results of search name/],
    ['an id that is none', { picture: 'the third' }, /^picture-unknown: /],
    [
      'both filters',
      { picture: 'shapes.1', minRelevance: 0.5, confidence: 0.9 },
      /^parameter-invalid: minRelevance and/,
    ],
    [
      'a filter without calibration',
      { picture: 'shapes.1', minRelevance: 0.5 },
      /^parameter-invalid: minRelevance cannot/,
    ],
    ['a system that is not there', { picture: 'shapes.1', system: 'bovw' }, /^parameter-invalid: .*made without bovw/],
  ])('says what is wrong with %s', async (_, input, expected) => {
    const told = await failure('search', input);
    expect(told).toMatch(expected);
    // Nobody can follow the hints of another interface.
    expect(told).not.toMatch(/GET \/|--[a-z]/);
  });

  it.each([
    ['an index that is not there', { picture: 'shapes.1', index: 'photos' }],
    ['a field that there is not', { picture: 'shapes.1', limit: 3 }],
    ['no answers at all', { picture: 'shapes.1', k: 0 }],
    ['more small pictures than a result may have', { picture: 'shapes.1', thumbnails: 1000 }],
  ])('refuses %s', async (_, input) => {
    expect((await call('search', input)).isError).toBe(true);
  });
});

describe('view', () => {
  it('shows a picture as it is stored', async () => {
    const result = await call('view', { picture: 'shapes.4' });
    const [image] = images(result);
    const stored = await (await services.host.picture('shapes.4')).image();
    expect(Buffer.from(image?.data ?? '', 'base64').equals(stored)).toBe(true);
    const { width, height } = await sharp(stored).metadata();
    expect(result.structuredContent).toMatchObject({
      picture: { id: 'shapes.4' },
      width,
      height,
      mimeType: 'image/png',
    });
    const byNumber = await call('view', { picture: '4', index: 'shapes' });
    expect(byNumber.structuredContent).toEqual(result.structuredContent);
  });
});

describe('explain', () => {
  it('says what the API says, and draws it', async () => {
    const result = await call('explain', { picture: 'shapes.2', count: 2 });
    expect(result.isError, textOf(result)).not.toBe(true);
    const { patchesPerSide, answers } = result.structuredContent as unknown as {
      patchesPerSide: number;
      answers: {
        tokens: { token: string; probability: number; attention: number[] }[];
        picture: { identifier: string };
      }[];
    };
    expect(answers).toHaveLength(2);
    for (const { tokens, picture } of answers) {
      expect(tokens.length).toBeGreaterThan(0);
      expect(picture.identifier).toContain(tokens[0]?.token);
      for (const { probability, attention } of tokens) {
        expect(probability).toBeGreaterThan(0);
        expect(attention).toHaveLength(patchesPerSide ** 2);
        expect(attention.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 2);
      }
    }
    expect(images(result)).toHaveLength(2);
    const { format, height } = await sharp(
      Buffer.from(defined(images(result)[0], 'a drawing').data, 'base64'),
    ).metadata();
    expect([format, height]).toEqual(['jpeg', 200]);
    expect(images(await call('explain', { picture: 'shapes.2', draw: false }))).toHaveLength(0);
  });
});

describe('duplicates', () => {
  it('groups pictures, by ids, and tells how far it is', async () => {
    const heard: { progress: number; total?: number | undefined }[] = [];
    const result = await client.callTool(
      { name: 'duplicates', arguments: { limit: 2, thumbnails: 4 } },
      { onprogress: (event) => heard.push(event) },
    );
    const { groups, groupCount, pictures } = result.structuredContent as unknown as {
      groups: { members: { picture: string; name: string; kind: string | null }[] }[];
      groupCount: number;
      pictures: number;
    };
    expect(pictures).toBe(36);
    expect(groups.length).toBe(Math.min(2, groupCount));
    for (const { members } of groups) {
      expect(members[0]?.kind).toBeNull();
      for (const { picture, name } of members) expect((await services.host.picture(picture)).facts.name).toBe(name);
    }
    expect(heard.length).toBeGreaterThan(0);
    const values = heard.map(({ progress }) => progress);
    expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
  });

  it('stops when nobody waits for it any more', async () => {
    const stop = new AbortController();
    const asked = client.callTool({ name: 'duplicates', arguments: {} }, { signal: stop.signal });
    stop.abort();
    await expect(asked).rejects.toThrow();
    expect((await call('view', { picture: 'shapes.1' })).isError).not.toBe(true);
  });
});

describe('a search that is cancelled', () => {
  it('gives its place to others at once', async () => {
    const held = heldRanker();
    const own = await openForTest([shapes], { limits: { queue: 1 }, ranker: held.make });
    const waiting = await connected(own);
    held.hold();
    const stop = new AbortController();
    const search = { name: 'search', arguments: { picture: 'shapes.1', thumbnails: 0 } };
    const gone = waiting.callTool(search, { signal: stop.signal }).catch((error: unknown) => error);
    await vi.waitFor(() => expect(held.held().length).toBeGreaterThan(0), 10_000);
    expect(textOf(await waiting.callTool(search))).toMatch(/^busy: /);
    stop.abort();
    expect(await gone).toBeInstanceOf(Error);
    await vi.waitFor(() => expect(own.admission.underWay).toBe(0), 10_000);
    held.release();
    expect((await waiting.callTool(search)).isError).not.toBe(true);
    await waiting.close();
    await own.close();
  });
});

describe('resources', () => {
  it('are the indexes, and their pictures by number', async () => {
    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(['neurodex://shapes', 'neurodex://captioned']);
    const {
      contents: [details],
    } = await client.readResource({ uri: 'neurodex://shapes' });
    expect(details !== undefined && 'text' in details && JSON.parse(details.text)).toMatchObject({ id: 'shapes' });
    const {
      contents: [picture],
    } = await client.readResource({ uri: 'neurodex://shapes/pictures/4' });
    const stored = await (await services.host.picture('shapes.4')).image();
    expect(picture !== undefined && 'blob' in picture && Buffer.from(picture.blob, 'base64').equals(stored)).toBe(true);
    await expect(client.readResource({ uri: 'neurodex://shapes/pictures/99999' })).rejects.toThrow();
  });
});

describe('add', () => {
  it('adds pictures that searches then find, and says which it has already', async () => {
    const file = join(root, 'new.png');
    await writeFile(file, await circle(0, 63));
    const image = (await circle(1, 61)).toString('base64');
    const pictures = [
      ...[{ file }, { image, name: 'other.png' }, { file: join(root, 'nowhere.png') }, { file }],
      ...[
        { image: '!', name: 'none.png' },
        { image: 'AAAA', name: 'text.png' },
      ],
    ];
    const result = await call('add', { index: 'captioned', pictures, labels: ['new ones'] });
    expect(result.isError, textOf(result)).not.toBe(true);
    const { added, failed, served } = result.structuredContent as unknown as {
      added: { id: string; name: string; labels: string[] }[];
      failed: { name: string; code: string }[];
      served: boolean;
    };
    expect(added.map(({ name, labels }) => [name, labels])).toEqual([
      ['new.png', ['new ones']],
      ['other.png', ['new ones']],
    ]);
    expect(failed).toMatchObject([
      { name: 'nowhere.png', code: 'picture-missing' },
      { name: 'new.png', code: 'picture-changed' },
      { name: 'none.png', code: 'body-malformed' },
      { name: 'text.png', code: 'picture-not-an-image' },
    ]);
    expect(served).toBe(true);
    const [best] = foundIn(await call('search', { file, index: 'captioned', system: 'pixels', k: 1 })).answers;
    expect(best?.picture.id).toBe(added[0]?.id);
    const again = await call('add', { index: 'captioned', pictures: [{ file, name: 'again.png' }] });
    expect(again.structuredContent).toMatchObject({ added: [], known: [{ name: 'again.png', picture: added[0]?.id }] });
  });

  it.each([
    ['an index that is fixed', { index: 'shapes', pictures: [{ image: 'AAAA', name: 'a.png' }] }, /^index-fixed: /],
    ['no picture that can be used', { index: 'captioned', pictures: [{ file: '/nowhere.png' }] }, /^picture-missing: /],
    [
      'an image without a name',
      { index: 'captioned', pictures: [{ image: 'AAAA' }] },
      /^parameter-invalid: an image has no name/,
    ],
    [
      'a picture that is none',
      { index: 'captioned', pictures: [{ name: 'a.png' }] },
      /^parameter-invalid: a picture is one file/,
    ],
    ['a name that is a path', { index: 'captioned', pictures: [{ image: 'AAAA', name: '../a.png' }] }, /./],
  ])('refuses %s', async (_, input, expected) => {
    expect(await failure('add', input)).toMatch(expected);
  });
});
