import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityProblems, launch, leftOut, openPage, overflow, program } from './browser.ts';
import { CLASS_NAMES, drawInto, drawing } from './drawings.ts';
import { calibratedIndex, type Indexes, makeIndexes } from './site.ts';
import { hostFolder, type StaticHost } from './static-host.ts';
import { answersTo, expectJudged, ready, type SearchResults, upload } from './static-page.ts';

const bin = fileURLToPath(new URL('../../neurodex/bin/neurodex.js', import.meta.url));
const run = promisify(execFile);
const neurodex = async (...args: string[]): Promise<string> =>
  (await run(process.execPath, [bin, ...args], { maxBuffer: 1 << 26 })).stdout;

/** A network with a memory, which is searched by a beam. */
const REMEMBERING = [
  ...['training.plan=write', 'training.seeSteps=30', 'identifiers.scheme=semantic', 'identifiers.vectors=network'],
  ...['identifiers.branching=2', 'identifiers.leafSize=2', 'retrieval.exactUpTo=10', 'retrieval.beam=10'],
  ...['pictures.size=16', 'model.width=32', 'split.retrievalFraction=0.2'],
].flatMap((key) => ['--set', key]);
const QUERIES = 100;
/** Scores that are closer than this are one score: float32 sums in another order. */
const TIE = 1e-4;

describe.skipIf(program === undefined)(`a site that was exported${leftOut}`, () => {
  let folder: string;
  let indexes: Indexes;
  let browser: Browser;
  let host: StaticHost;
  let site: string;
  let files: string[];
  let expected: SearchResults['results'];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neurodex-site-'));
    indexes = await makeIndexes(['shapes']);
    site = join(folder, 'site');
    await neurodex('export', indexes.shapes, '--web', site, '--quiet');
    host = await hostFolder(site);
    // Of the very size that the network sees, so that nothing is resized on the way.
    files = await Promise.all(
      Array.from({ length: QUERIES }, async (_, i) => {
        const file = join(folder, `query-${i}.png`);
        const drawn = await drawing(CLASS_NAMES[i % CLASS_NAMES.length] ?? '', i);
        await sharp(drawn)
          .rotate(3 * i, { background: '#fff' })
          .resize(16, 16)
          .modulate({ hue: 7 * i })
          .removeAlpha()
          .png()
          .toFile(file);
        return file;
      }),
    );
    const found = await neurodex('search', indexes.shapes, ...files, '--k', '10', '--json', '--quiet');
    expected = (JSON.parse(found) as SearchResults).results;
    browser = await launch();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await host?.stop();
    indexes?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const opened = async (address = host.address): Promise<Awaited<ReturnType<typeof openPage>>> => {
    const open = await openPage(browser);
    await open.page.goto(address);
    return open;
  };

  it('answers 100 queries as Node does, in the same order', async () => {
    const { page, complaints } = await opened();
    await ready(page);
    let same = 0;
    for (const [i, { answers }] of expected.entries()) {
      const have = await answersTo(page, files[i] ?? '', `q${i}.png`);
      expect(have).toHaveLength(10);
      const scores = new Map(answers.map(({ picture, score }) => [picture, score]));
      same += Number(answers.every(({ picture }, rank) => picture === have[rank]));
      for (const [rank, { score }] of answers.entries()) {
        const mine = scores.get(have[rank] ?? '');
        // Who is not among Node's answers can only have tied with the last of them.
        expect(Math.abs((mine ?? answers.at(-1)?.score ?? 0) - score), `query ${i}, rank ${rank + 1}`).toBeLessThan(
          TIE,
        );
      }
    }
    expect(same).toBeGreaterThan(0.95 * QUERIES);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('runs on several threads where its headers isolate it, and answers the same', async () => {
    const headers = Object.fromEntries(
      [...(await readFile(join(site, '_headers'), 'utf8')).matchAll(/^ {2}(Cross-Origin-[\w-]+): (.+)$/gm)].map(
        ([, name, value]) => [name, value],
      ),
    ) as Record<string, string>;
    expect(Object.keys(headers)).toHaveLength(2);
    const isolated = await hostFolder(site, headers);
    const { page, complaints } = await opened(isolated.address);
    await ready(page);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    const cores = await page.evaluate(() => navigator.hardwareConcurrency);
    if (cores > 1) await page.getByText(/on WebAssembly with \d threads/).waitFor();
    expect(await answersTo(page, files[0] ?? '', 'first.png')).toEqual(
      expected[0]?.answers.map(({ picture }) => picture),
    );
    expect(complaints).toEqual([]);
    await page.context().close();
    await isolated.stop();
  });

  it('searches with a picture of the index, knows which answers are relevant, and shows the attention of tokens', async () => {
    const { page, complaints } = await opened();
    await ready(page);
    // The network of a site reads no words.
    expect(await page.getByRole('searchbox').count()).toBe(0);
    await page.locator('.tile').first().click();
    await page.locator('.columns').waitFor();
    expect(await page.locator('.columns header').first().innerText()).toMatch(/\d+ of 10 relevant/);
    const written = await page.locator('button.identifier[aria-pressed=true]').innerText();
    expect((await page.locator('.token-text').allInnerTexts()).join('')).toBe(written);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('searches a memory by a beam as Node does, and shows the attention of tokens', async () => {
    const [photos, index, remembering] = ['photos', 'memory.index', 'memory'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await drawInto(photos);
    await neurodex('index', photos, '--out', index, '--preset', 'quick', '--systems', 'dsi', ...REMEMBERING, '--quiet');
    await neurodex('export', index, '--web', remembering, '--quiet');
    const asked = files.slice(0, 20);
    const found = await neurodex('search', index, ...asked, '--k', '10', '--json', '--quiet');
    const there = await hostFolder(remembering);
    const { page, complaints } = await opened(there.address);
    await ready(page);
    for (const [i, { answers }] of (JSON.parse(found) as SearchResults).results.entries()) {
      const have = await answersTo(page, asked[i] ?? '', `m${i}.png`);
      expect(have).toEqual(answers.map(({ picture }) => picture));
    }
    const written = await page.locator('button.identifier[aria-pressed=true]').innerText();
    expect((await page.locator('.token-text').allInnerTexts()).join('')).toBe(written);
    expect(complaints).toEqual([]);
    await page.context().close();
    await there.stop();
  }, 120_000);

  it('judges answers as Node does: relevant ones before similar ones, and nothing where nothing matches', async () => {
    const [judged, noise] = ['judged', 'noise.png'].map((name) => join(folder, name)) as [string, string];
    const index = await calibratedIndex(indexes);
    await neurodex('export', index, '--web', judged, '--quiet');
    // Of the very size that the network of this index sees.
    const asked = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const file = join(folder, `judged-${i}.png`);
        const drawn = await drawing(CLASS_NAMES[i % CLASS_NAMES.length] ?? '', i);
        await sharp(drawn).resize(24, 24).removeAlpha().png().toFile(file);
        return file;
      }),
    );
    const pixels = Uint8Array.from({ length: 24 * 24 * 3 }, (_, i) => (i * i * 7919 + 31 * i) % 251);
    await sharp(pixels, { raw: { width: 24, height: 24, channels: 3 } }).toFile(noise);
    const found = await neurodex('search', index, ...asked, noise, '--k', '20', '--all', '--json', '--quiet');
    const { results } = JSON.parse(found) as SearchResults;
    const there = await hostFolder(judged);
    const { page, complaints } = await opened(there.address);
    await ready(page);
    for (const [i, { answers, nothingFound }] of results.slice(0, asked.length).entries()) {
      await upload(page, `j${i}.png`, await readFile(asked[i] ?? ''));
      await page.getByRole('heading', { name: `j${i}.png`, exact: true }).waitFor();
      await expectJudged(page, answers.slice(0, 10), nothingFound, answers);
    }
    const last = results.at(-1);
    expect(last?.nothingFound).toBe(true);
    expect(results.some(({ nothingFound, answers }) => !nothingFound && (answers[0]?.relevance ?? 0) >= 0.5)).toBe(
      true,
    );
    await upload(page, 'noise.png', await readFile(noise));
    await page.getByText('Nothing in this catalogue matches.').waitFor();
    const said = await page.locator('.nothing-found .notice').innerText();
    expect(Math.abs(Number(/(\d+) %/.exec(said)?.[1]) - 100 * (last?.none ?? NaN))).toBeLessThan(1.5);
    expect(await page.locator('.columns').isVisible()).toBe(false);
    expect(await accessibilityProblems(page)).toEqual([]);
    await expectJudged(page, last?.answers.slice(0, 10) ?? [], true, last?.answers);
    // A picture of the site is judged as well.
    await page.reload();
    await ready(page);
    await page.locator('.tile').first().click();
    await page.locator('.group, .nothing-found').first().waitFor();
    expect(there.asked.filter((file) => file === 'relevance.json')).toHaveLength(2);
    expect(complaints).toEqual([]);
    await page.context().close();
    await there.stop();
  }, 300_000);

  it('asks its host for nothing but its own files, and not at all for the other runtime', async () => {
    host.asked.length = 0;
    const { page } = await opened();
    await ready(page);
    await page.waitForLoadState('networkidle');
    expect(host.asked).toContain('model.safetensors');
    expect(host.asked.filter((file) => file.endsWith('.wasm'))).toHaveLength(1);
    const outside = await page.evaluate(
      (own) =>
        performance
          .getEntriesByType('resource')
          .map(({ name }) => name)
          .filter((name) => !name.startsWith(own)),
      host.address,
    );
    expect(outside).toEqual([]);
    await page.context().close();
  });

  it('goes on without a network once it is loaded', async () => {
    const { page } = await opened();
    await ready(page);
    await page.context().setOffline(true);
    expect(await answersTo(page, files[1] ?? '', 'offline.png')).toEqual(
      expected[1]?.answers.map(({ picture }) => picture),
    );
    await page.context().close();
  });

  it('says what is wrong with a file, and searches the next one', async () => {
    const { page } = await opened();
    await ready(page);
    await upload(page, 'broken.png', Buffer.from('not a picture'));
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').innerText()).toContain('is not a picture that this browser can read');
    expect(await answersTo(page, files[2] ?? '', 'good.png')).toHaveLength(10);
    expect(await page.getByRole('alert').count()).toBe(0);
    await page.context().close();
  });

  it('says so where its model is cut off, missing, or of another export', async () => {
    const broken = join(folder, 'broken');
    await cp(site, broken, { recursive: true });
    const there = await hostFolder(broken);
    const saying = async (): Promise<string> => {
      const { page } = await opened(there.address);
      const alert = page.getByRole('alert');
      await alert.waitFor();
      const said = await alert.innerText();
      await page.context().close();
      return said;
    };
    await truncate(join(broken, 'model.safetensors'), 1000);
    expect(await saying()).toMatch(/model\.safetensors is not the file of this index/i);
    await rm(join(broken, 'model.safetensors'));
    expect(await saying()).toMatch(/there is no model\.safetensors beside this page/i);
    const description = JSON.parse(await readFile(join(broken, 'description.json'), 'utf8'));
    await writeFile(join(broken, 'description.json'), JSON.stringify({ ...description, version: 2 }));
    expect(await saying()).toMatch(/has version 2/);
    await writeFile(join(broken, 'description.json'), '<html>');
    expect(await saying()).toMatch(/description\.json beside this page is not valid JSON/i);
    await there.stop();
  });

  it('fits a telephone and passes axe-core', async () => {
    const { page } = await openPage(browser, { viewport: { width: 400, height: 800 } });
    await page.goto(host.address);
    await ready(page);
    await answersTo(page, files[0] ?? '', 'narrow.png');
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.context().close();
  });
});
