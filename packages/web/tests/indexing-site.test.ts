import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import AdmZip from 'adm-zip';
import { type Browser, chromium, type Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityProblems, leftOut, openPage, overflow, program, SOFTWARE_ADAPTER } from './browser.ts';
import { ISOLATED } from './bundled-page.ts';
import { hostFolder, type StaticHost } from './static-host.ts';
import { answersTo, type SearchResults } from './static-page.ts';

const bin = fileURLToPath(new URL('../../neurodex/bin/neurodex.js', import.meta.url));
const run = promisify(execFile);
const neurodex = async (...args: string[]): Promise<string> =>
  (await run(process.execPath, [bin, ...args], { maxBuffer: 1 << 26 })).stdout;

const SIZE = 16;
const CLASSES = 6;
const PER_CLASS = 10;
/** @param steps of training */
const settings = (steps: number): string[] =>
  [
    ...[`pictures.size=${SIZE}`, 'pictures.thumbnail=24', 'model.patchSize=8', 'model.width=32', 'model.heads=2'],
    ...[
      'model.feedForwardWidth=32',
      'model.layers=2',
      'training.batchSize=16',
      `training.seeSteps=${steps}`,
      `training.seeEpochs=${steps}`,
    ],
    ...['identifiers.branching=4', 'identifiers.leafSize=4'],
  ].flatMap((key) => ['--set', key]);
/** Enough to learn what is asserted. */
const LONG = 60;
/** More than any machine is done with before it is interrupted. */
const ENDLESS = 100_000;
/** Where it only matters that it is trained. */
const BRIEF = 12;
const STEPS = /\d+ of [\d,]+ steps/;

describe.skipIf(program === undefined)(`a site that indexes the pictures of who visits it${leftOut}`, () => {
  let folder: string;
  let photos: string;
  let browser: Browser;
  let host: StaticHost;
  /** Of the site that trains for a few steps only. */
  let brief: StaticHost;
  /** Of the site that trains until it is interrupted. */
  let endless: StaticHost;
  const files: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neurodex-indexing-'));
    photos = join(folder, 'photos');
    for (let i = 0; i < CLASSES * PER_CLASS; i++) {
      const file = join(photos, `class-${i % CLASSES}`, `${i}.png`);
      await mkdir(dirname(file), { recursive: true });
      await sharp(pictureOf(i), { raw: { width: SIZE, height: SIZE, channels: 3 } })
        .png()
        .toFile(file);
      files.push(file);
    }
    await writeFile(join(photos, 'class-0', 'broken.png'), 'no picture');
    await writeFile(join(photos, 'class-0', 'notes.txt'), 'not a picture');
    await neurodex('site', '--out', join(folder, 'site'), '--seed', '5', ...settings(LONG), '--quiet');
    await neurodex('site', '--out', join(folder, 'brief'), '--seed', '5', ...settings(BRIEF), '--quiet');
    host = await hostFolder(join(folder, 'site'), ISOLATED);
    await neurodex('site', '--out', join(folder, 'endless'), '--seed', '5', ...settings(ENDLESS), '--quiet');
    brief = await hostFolder(join(folder, 'brief'), ISOLATED);
    endless = await hostFolder(join(folder, 'endless'), ISOLATED);
    browser = await chromium.launch({ executablePath: program ?? '' });
  }, 400_000);
  afterAll(async () => {
    await browser?.close();
    await host?.stop();
    await brief?.stop();
    await endless?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const choose = async (page: Page, chosen: string): Promise<void> => {
    await page.getByRole('heading', { name: 'Index your pictures' }).waitFor();
    await page.getByLabel('Folder of pictures').setInputFiles(chosen);
  };
  const indexed = (page: Page): Promise<void> =>
    page.getByRole('heading', { name: 'This index' }).waitFor({ timeout: 300_000 });
  const searchable = (page: Page): Promise<void> =>
    page.getByRole('heading', { name: 'Search with a picture' }).waitFor({ timeout: 60_000 });
  /** Deletes the index with the keyboard alone, and checks where the focus goes. */
  const removeByKeyboard = async (page: Page): Promise<void> => {
    const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.textContent ?? '');
    await page.getByRole('button', { name: 'Delete the index' }).focus();
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('Keep it');
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('Delete the index');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Index your pictures' }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.localName)).toBe('main');
  };
  const visit = async (address = `${host.address}?device=wasm`) => {
    const opened = await openPage(browser);
    await opened.page.goto(address);
    return opened;
  };

  it('indexes a folder, searches it, finds it again, gives it away as an index folder, and deletes it', async () => {
    const { page, complaints } = await visit();
    await choose(page, photos);
    await page
      .getByText(/\d+ of \d+ (pictures|steps)/)
      .first()
      .waitFor();
    await indexed(page);
    await page.getByText('60 pictures of photos').waitFor();
    await page.getByText('2 files skipped', { exact: true }).click();
    await page.getByText(/^1 × is not a JPEG, .* whatever its name says: class-0\/broken\.png/).waitFor();
    await page.getByText('1 × not a picture file (.txt): class-0/notes.txt').waitFor();
    await page.getByText('60 pictures can be searched now. 2 files skipped.').waitFor({ state: 'attached' });
    const found = await page.getByText(/come first for themselves/).innerText();
    expect(Number(/(\d+) %/.exec(found)?.[1])).toBeGreaterThanOrEqual(98);
    await page.getByText('on WebAssembly with').first().waitFor();
    // Found again when the page is opened again.
    await page.reload();
    await searchable(page);
    await page.getByText('2 files skipped', { exact: true }).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download the index' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('photos.index.zip');
    const archive = join(folder, 'photos.index.zip');
    await download.saveAs(archive);
    new AdmZip(archive).extractAllTo(folder);
    const index = join(folder, 'photos.index');
    await neurodex('verify', index, '--quiet');
    const asked = files.filter((_, i) => i % 7 === 0);
    const { results } = JSON.parse(
      await neurodex('search', index, ...asked, '--k', '10', '--json', '--quiet'),
    ) as SearchResults;
    for (const [i, { answers }] of results.entries()) {
      const have = await answersTo(page, asked[i] ?? '', `q${i}.png`);
      expect(have[0]).toBe(answers[0]?.picture);
      expect(new Set(have)).toEqual(new Set(answers.map(({ picture }) => picture)));
    }
    await removeByKeyboard(page);
    await page.reload();
    await page.getByRole('button', { name: 'Choose a folder' }).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 500_000);

  it('does all of that in IndexedDB, where the browser has no file system for pages', async () => {
    // Its thread must not have one either.
    const site = join(folder, 'site-without-files');
    await cp(join(folder, 'site'), site, { recursive: true });
    for (const file of await readdir(join(site, 'assets'))) {
      if (!/^(indexing|worker)-.*\.js$/.test(file)) continue;
      const program = await readFile(join(site, 'assets', file), 'utf8');
      await writeFile(join(site, 'assets', file), `delete StorageManager.prototype.getDirectory;\n${program}`);
    }
    const plain = await hostFolder(site, ISOLATED);
    const { page, complaints } = await visit(`${plain.address}?device=wasm`);
    await choose(page, photos);
    await indexed(page);
    const kept = await page.evaluate(async () => ({
      hasFiles: 'getDirectory' in navigator.storage,
      databases: (await indexedDB.databases()).map(({ name }) => name),
    }));
    expect(kept).toEqual({ hasFiles: false, databases: ['neurodex-index'] });
    await page.reload();
    await searchable(page);
    await page.getByText('2 files skipped', { exact: true }).waitFor();
    const asked = files[5] ?? '';
    expect((await answersTo(page, asked, 'q.png'))[0]).toBe('class-5/5.png');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download the index' }).click(),
    ]);
    const archive = join(folder, 'from-database.zip');
    await download.saveAs(archive);
    new AdmZip(archive).extractAllTo(join(folder, 'from-database'));
    await neurodex('verify', join(folder, 'from-database', 'photos.index'), '--quiet');
    await removeByKeyboard(page);
    await page.reload();
    await page.getByRole('button', { name: 'Choose a folder' }).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
    await plain.stop();
  }, 500_000);

  it('takes other pictures in the place of the first ones, which stay until then', async () => {
    const { page } = await visit();
    await choose(page, join(photos, 'class-1'));
    await indexed(page);
    await page.getByText('10 pictures of class-1').waitFor();
    await page.getByRole('button', { name: 'Index other pictures' }).click();
    await page.getByText('The index of 10 pictures of class-1 stays until the new one is complete').waitFor();
    await page.getByRole('button', { name: 'Back to it' }).click();
    await page.getByText('10 pictures of class-1').waitFor();
    await page.getByRole('button', { name: 'Index other pictures' }).click();
    // Two pictures, of which one is there twice.
    await page.getByLabel('Picture files').setInputFiles([files[0] ?? '', files[1] ?? '', files[0] ?? '']);
    await page.getByText('1 warning', { exact: true }).click({ timeout: 300_000 });
    await page.getByText('1 file shows a picture that another file shows (0.png (2) is 0.png).').waitFor();
    await page.getByText('3 pictures', { exact: true }).waitFor();
    await page.reload();
    await page.getByText('1 warning', { exact: true }).waitFor();
    await page.context().close();
  }, 500_000);

  it('has nothing half made where the tab is closed in the middle, or the work is cancelled', async () => {
    const { page } = await visit(`${endless.address}?device=wasm`);
    await choose(page, photos);
    await page.getByText(STEPS).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Choose a folder' }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.localName)).toBe('h1');
    await choose(page, photos);
    await page.getByText(STEPS).waitFor();
    const context = page.context();
    await page.close();
    const again = await context.newPage();
    await again.goto(endless.address);
    await again.getByRole('button', { name: 'Choose a folder' }).waitFor();
    await context.close();
  }, 400_000);

  it('says that it has no picture, only one, or none that it can read', async () => {
    const saying = async (name: string, contents: Readonly<Record<string, Buffer | string>>): Promise<string> => {
      for (const [path, content] of Object.entries(contents)) {
        await mkdir(dirname(join(folder, name, path)), { recursive: true });
        await writeFile(join(folder, name, path), content);
      }
      const { page } = await visit();
      await choose(page, join(folder, name));
      const alert = page.locator('.notice.failure', { hasText: /\w/ }).last();
      await alert.waitFor();
      await page.waitForFunction(() => document.querySelectorAll('progress').length === 0);
      const said = (await page.getByRole('alert').allInnerTexts()).join(' ');
      await page.context().close();
      return said;
    };
    expect(await saying('none', { 'a.txt': 'text' })).toMatch(
      /none holds no pictures: it holds only 1 thing that cannot be used \(the first: a\.txt, not a picture file\)/i,
    );
    expect(await saying('bad', { 'a.png': 'text' })).toMatch(
      /bad has no picture that can be used: 1 file tried, the first: a\.png: is not a JPEG/i,
    );
    expect(await saying('one', { 'a.png': await readFile(files[0] ?? '') })).toMatch(/an index needs at least two/);
  }, 400_000);

  it('skips what it cannot decode, with advice, and stops for nothing: at 400 pixels, in the dark', async () => {
    const odd = join(folder, 'odd');
    const [good, other] = [await readFile(files[0] ?? ''), await readFile(files[1] ?? '')];
    // Its header announces more pixels than are decoded.
    const bomb = Buffer.from(good);
    bomb.writeUInt32BE(60_000, 16);
    bomb.writeUInt32BE(60_000, 20);
    const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0heicmif1', 'latin1');
    const contents = {
      ...{ 'a.png': good, 'deep/er/b.png': other, 'clip.mp4': 'video', 'empty.jpg': '', 'photo.heic': heic },
      ...{ 'bomb.png': bomb, 'logo.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>', 'cut.png': good.subarray(0, 60) },
      ...{ '.DS_Store': 'x', 'a.xmp': 'x' },
    };
    for (const [path, content] of Object.entries(contents)) {
      await mkdir(dirname(join(odd, path)), { recursive: true });
      await writeFile(join(odd, path), content);
    }
    const { page, complaints } = await openPage(browser, {
      viewport: { width: 400, height: 800 },
      colorScheme: 'dark',
    });
    await page.goto(`${host.address}?device=wasm`);
    await choose(page, odd);
    await indexed(page);
    await page.getByText('2 pictures of odd').waitFor();
    await page.getByText('1 warning, 8 files skipped', { exact: true }).click();
    const told = await page.locator('.behind li').allInnerTexts();
    for (const line of [
      /^The video clip\.mp4 is left out; pictures are taken out of a video by ffmpeg/,
      /^1 × is a HEIC picture, which this browser does not decode: photo\.heic\s+Convert the picture to JPEG\./,
      /^1 × is empty \(0 bytes\): empty\.jpg/,
      /^1 × has 60000 × 60000 = 3600000000 pixels, and the limit is 250000000: bomb\.png/,
      /^1 × is a damaged PNG file, or too large for this browser: cut\.png/,
      /^1 × not a picture file \(\.svg\): logo\.svg/,
      /^1 × hidden \(\.DS_Store\): \.DS_Store/,
      /^1 × a file of settings beside a picture \(\.xmp\): a\.xmp/,
    ])
      expect(told).toContainEqual(expect.stringMatching(line));
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 500_000);

  it('says that it uses one thread, where the host does not send the headers for more', async () => {
    const plain = await hostFolder(join(folder, 'brief'));
    const { page } = await visit(`${plain.address}?device=wasm`);
    await page.getByText('This page is not isolated from others').waitFor();
    await choose(page, photos);
    await indexed(page);
    await page.getByText('on WebAssembly with 1 thread').first().waitFor();
    await page.context().close();
    await plain.stop();
  }, 500_000);

  it('trains on WebGPU where it is asked to, here on a software adapter', async ({ skip }) => {
    const graphic = await chromium.launch({ executablePath: program ?? '', args: [...SOFTWARE_ADAPTER] });
    try {
      const { page } = await openPage(graphic);
      await page.goto(`${brief.address}?device=webgpu`);
      const hasAdapter = await page.evaluate(async () => {
        const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } };
        return ((await gpu?.requestAdapter().catch(() => null)) ?? null) !== null;
      });
      skip(!hasAdapter, 'this Chromium has no software adapter for WebGPU');
      // A few: a processor draws what a graphics card would.
      await choose(page, join(photos, 'class-1'));
      await indexed(page);
      await page.getByText('on WebGPU').first().waitFor();
      const found = await page.getByText(/come first for themselves/).innerText();
      expect(Number(/(\d+) %/.exec(found)?.[1])).toBeGreaterThanOrEqual(98);
    } finally {
      await graphic.close();
    }
  }, 500_000);

  it('says so where the storage of the browser is full', async () => {
    const { page } = await visit(`${brief.address}?device=wasm`);
    const session = await page.context().newCDPSession(page);
    const { origin } = new URL(brief.address);
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 2000 });
    await choose(page, photos);
    await page.getByText(/this browser has no room left to keep the index/i).waitFor({ timeout: 300_000 });
    await session.send('Storage.overrideQuotaForOrigin', { origin });
    await page.reload();
    await page.getByRole('button', { name: 'Choose a folder' }).waitFor();
    await page.context().close();
  }, 500_000);

  it.each(['light', 'dark'] as const)(
    'fits a telephone and passes axe-core, %s',
    async (colorScheme) => {
      const { page } = await openPage(browser, { viewport: { width: 400, height: 800 }, colorScheme });
      await page.goto(host.address);
      await page.getByRole('button', { name: 'Choose a folder' }).waitFor();
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      // The dark page is the same page but for its colours.
      const rules = colorScheme === 'dark' ? ['color-contrast'] : undefined;
      expect(await accessibilityProblems(page, rules)).toEqual([]);
      await page.keyboard.press('Tab');
      await page.context().close();
    },
    120_000,
  );
});

/** A picture of a class: its colour, and stripes that no other picture has. */
function pictureOf(i: number): Uint8Array {
  const colour = [(i % CLASSES) & 1, ((i % CLASSES) >> 1) & 1, ((i % CLASSES) >> 2) & 1];
  return Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, at) => {
    const [x, y] = [Math.floor(at / 3) % SIZE, Math.floor(at / 3 / SIZE)];
    const stripe = (x * (1 + (i % 7)) + y * (1 + (i % 5)) + i) % 9 < 4 ? 60 : 0;
    return 130 * (colour[at % 3] ?? 0) + stripe + (i % 11) * 5;
  });
}
