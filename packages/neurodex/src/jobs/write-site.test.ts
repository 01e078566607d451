import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePages } from '../export/pages.fixture.ts';
import { browserConfig } from '../presets/browser.ts';
import { VERSION } from '../version.ts';
import { type SiteOptions, writeSite } from './write-site.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-write-site-'));
  await writePages(join(root, 'pages'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const write = (out: string, more: Partial<SiteOptions> = {}) =>
  writeSite({
    ...{ out: join(root, out), config: browserConfig, seed: 3, force: false, reporter: silentReporter },
    pages: join(root, 'pages'),
    ...more,
  });
/** Every file below a folder with its bytes. */
async function contentOf(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const found = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const contents = await Promise.all(files.sort().map((file) => readFile(file)));
  return new Map(files.map((file, i) => [file.slice(join(root, folder).length + 1), contents[i] ?? Buffer.of()]));
}

describe('a site that indexes', () => {
  it('holds its page, what the page and its thread load, the runtime, settings and headers; no other page', async () => {
    const done: number[] = [];
    const reporter = { ...silentReporter, progress: (event: { readonly done: number }) => void done.push(event.done) };
    const site = await write('site', { reporter });
    const files = await contentOf('site');
    expect([...files.keys()].sort()).toEqual(
      [
        ...['_headers', 'export.json', 'icon.svg', 'index.html', 'settings.json', 'theme.js', 'assets/indexing-3.js'],
        ...['assets/worker-4.js', 'assets/core-5.js', 'assets/shared-2.js', 'assets/shared-2.css'],
        ...['assets/onnxruntime-web-1.2.3/ort.mjs', 'assets/onnxruntime-web-1.2.3/ort.wasm'],
      ].sort(),
    );
    expect(files.get('index.html')?.toString()).toBe('indexing.html');
    expect(JSON.parse(String(files.get('settings.json')))).toEqual({
      ...{ format: 'neurodex-indexing-site', version: 1, neurodex: VERSION, seed: 3, config: browserConfig },
    });
    expect(files.get('_headers')?.toString()).toMatch(
      /^\/\*\n {2}Cross-Origin-Opener-Policy: same-origin\n {2}Cross-Origin-Embedder-Policy: require-corp\n/,
    );
    expect(site.folder).toBe(join(root, 'site'));
    expect(site.files.map(({ file }) => file).sort()).toEqual(
      [...files.keys()].filter((file) => file !== 'export.json').sort(),
    );
    expect(done).toEqual(done.map((_, i) => i + 1));
    expect(done.length).toBeGreaterThan(5);
  });

  it('lists every other file with its bytes and its SHA-256', async () => {
    const files = await contentOf('site');
    const facts = JSON.parse(String(files.get('export.json')));
    expect(facts).toMatchObject({ format: 'neurodex-export', neurodex: VERSION, kind: 'site' });
    const listed = facts.files as { file: string; bytes: number; sha256: string }[];
    expect(listed).toHaveLength(files.size - 1);
    for (const { file, bytes, sha256 } of listed) {
      const content = files.get(file) ?? Buffer.of();
      expect([file, content.length, createHash('sha256').update(content).digest('hex')]).toEqual([file, bytes, sha256]);
    }
  });

  it('names nothing of the machine or of who made it', async () => {
    const told = [root, process.cwd(), tmpdir(), homedir(), hostname(), userInfo().username];
    for (const [file, content] of await contentOf('site')) {
      // A user called `a` is in every file; one called `root` is in CSS.
      for (const name of told.filter((each) => each.length > 4))
        expect(content.includes(name), `${file}: ${name}`).toBe(false);
    }
  });

  it('is the same to the byte with the same settings and seed, and differs in its settings alone with another', async () => {
    await write('again');
    expect(await contentOf('again')).toEqual(await contentOf('site'));
    await write('other', { seed: 4 });
    const [site, other] = [await contentOf('site'), await contentOf('other')];
    const differing = [...site].filter(([file, content]) => !other.get(file)?.equals(content)).map(([file]) => file);
    expect(differing.sort()).toEqual(['export.json', 'settings.json']);
  });

  it('replaces one that was there with --force, and no file of somebody', async () => {
    await write('mine');
    await expect(write('mine')).rejects.toMatchObject({ code: 'output-exists' });
    await write('mine', { force: true, seed: 9 });
    expect(JSON.parse(String((await contentOf('mine')).get('settings.json'))).seed).toBe(9);
    await writeFile(join(root, 'mine', 'notes.txt'), 'by hand');
    await expect(write('mine', { force: true })).rejects.toMatchObject({
      code: 'output-exists',
      message: expect.stringContaining('notes.txt'),
    });
    await mkdir(join(root, 'foreign'));
    await writeFile(join(root, 'foreign', 'index.html'), 'of somebody');
    await expect(write('foreign', { force: true })).rejects.toMatchObject({ code: 'output-exists' });
    expect((await contentOf('foreign')).get('index.html')?.toString()).toBe('of somebody');
  });
});

describe('a site is not written', () => {
  const nothingLeft = async (name: string) =>
    expect((await readdir(root)).filter((each) => each.includes(name))).toEqual([]);

  it('when it is stopped, before or in the middle: nothing is left', async () => {
    await expect(write('stopped', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'interrupted' });
    await nothingLeft('stopped');
    const controller = new AbortController();
    const reporter = {
      ...silentReporter,
      progress: ({ done }: { done: number }) => void (done === 3 && controller.abort()),
    };
    const stopped = write('stopped', { signal: controller.signal, reporter });
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
    await nothingLeft('stopped');
  });

  it('where a stopped one was to take the place of another: that stays', async () => {
    await write('stays');
    const before = await contentOf('stays');
    const stopped = write('stays', { force: true, seed: 8, signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
    expect(await contentOf('stays')).toEqual(before);
  });

  it('where the pages have not been built, or a file of them is gone: nothing is left', async () => {
    await expect(write('none', { pages: join(root, 'nowhere') })).rejects.toMatchObject({ code: 'page-missing' });
    await writePages(join(root, 'gaps'));
    await rm(join(root, 'gaps', 'assets', 'shared-2.css'));
    await expect(write('none', { pages: join(root, 'gaps') })).rejects.toMatchObject({ code: 'page-missing' });
    await nothingLeft('none');
  });

  it.each([
    ['training.plan', { training: { ...browserConfig.training, plan: 'joint' } }],
    ['training.minutes', { training: { ...browserConfig.training, minutes: 3 } }],
    ['training.initialise', { training: { ...browserConfig.training, initialise: '/home/me/x.index' } }],
    ['identifiers.scheme', { identifiers: { ...browserConfig.identifiers, scheme: 'numeric' } }],
    ['identifiers.vectors', { identifiers: { ...browserConfig.identifiers, vectors: 'pixels' } }],
    ['encoder.file', { encoder: { ...browserConfig.encoder, file: '/home/me/encoder.onnx' } }],
    ['text.tokens', { text: { ...browserConfig.text, tokens: 32 } }],
    ['text.encoder', { text: { ...browserConfig.text, encoder: '/home/me/text.onnx' } }],
    ['dataset.dedupe', { dataset: { ...browserConfig.dataset, dedupe: true } }],
    ['pictures.size', { pictures: { ...browserConfig.pictures, size: 50 } }],
  ] as const)('with a configuration that a browser cannot follow: %s', async (key, more) => {
    const refused = write('refused', { config: { ...browserConfig, ...more } });
    await expect(refused).rejects.toMatchObject({
      code: 'config-invalid',
      exitStatus: 2,
      message: expect.stringContaining(key),
      hint: expect.stringContaining(key),
      details: { keys: expect.arrayContaining([key]) },
    });
    await nothingLeft('refused');
  });
});
