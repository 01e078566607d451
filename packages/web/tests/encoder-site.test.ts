import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, leftOut, openPage, program } from './browser.ts';
import { CLASS_NAMES, drawInto, drawing } from './drawings.ts';
import { hostFolder, type StaticHost } from './static-host.ts';
import { answersTo, expectJudged, grouped, ready, type SearchResults, shownAnswers, upload } from './static-page.ts';

const bin = fileURLToPath(new URL('../../neurodex/bin/neurodex.js', import.meta.url));
const fixture = (name: string) =>
  fileURLToPath(new URL(`../../neurodex/src/models/encoder/fixtures/${name}`, import.meta.url));
const run = promisify(execFile);
const neurodex = async (...args: string[]): Promise<string> =>
  (await run(process.execPath, [bin, ...args], { maxBuffer: 1 << 26 })).stdout;

const set = (...keys: readonly string[]): string[] => keys.flatMap((key) => ['--set', key]);
/** Squeezes the whole picture, so that pictures of any shape differ from what a square of their middle would give. */
const PREPROCESSING = {
  image_processor_type: 'SiglipImageProcessor',
  size: { height: 16, width: 16 },
  resample: 2,
  image_mean: [0.5, 0.4, 0.5],
  image_std: [0.5, 0.5, 0.3],
};
const QUERIES = 20;

/** A site with its encoder, and what Node answers to the same files. */
interface Site {
  readonly folder: string;
  readonly host: StaticHost;
  readonly expected: SearchResults['results'];
}

describe.skipIf(program === undefined)(`a site with an image encoder${leftOut}`, () => {
  let folder: string;
  let browser: Browser;
  let files: string[];
  /** One vector for each picture, of an encoder with preprocessing; patch tokens of an encoder that is fed squares. */
  let pooled: Site;
  let patches: Site;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neurodex-encoder-site-'));
    const [photos, encoder] = [join(folder, 'photos'), join(folder, 'encoder')];
    await drawInto(photos);
    await mkdir(encoder);
    await copyFile(fixture('both.onnx'), join(encoder, 'model.onnx'));
    await writeFile(join(encoder, 'preprocessor_config.json'), JSON.stringify(PREPROCESSING));
    const made = async (name: string, file: string, keys: string[], resize: (i: number) => [number, number]) => {
      const asked = await Promise.all(
        Array.from({ length: QUERIES }, async (_, i) => {
          const to = join(folder, `${name}-${i}.png`);
          const drawn = sharp(await drawing(CLASS_NAMES[i % CLASS_NAMES.length] ?? '', i)).rotate(3 * i, {
            background: '#fff',
          });
          await sharp(await drawn.png().toBuffer())
            .resize(...resize(i), { fit: 'fill' })
            .removeAlpha()
            .png()
            .toFile(to);
          return to;
        }),
      );
      const [index, site] = [join(folder, `${name}.index`), join(folder, name)];
      const small = set('pictures.size=16', 'model.width=32', ...keys);
      const build = ['--out', index, '--encoder', file, '--preset', 'quick', '--systems', 'dsi', '--quiet'];
      await neurodex('index', photos, ...build, ...small);
      await neurodex('export', index, '--web', site, '--with-encoder', '--quiet');
      const found = await neurodex('search', index, ...asked, '--k', '10', '--all', '--json', '--quiet');
      const { results } = JSON.parse(found) as SearchResults;
      return { asked, site: { folder: site, host: await hostFolder(site), expected: results } };
    };
    const memory = [
      'training.plan=write',
      'training.seeSteps=30',
      'identifiers.scheme=semantic',
      'identifiers.vectors=network',
      // Enough validation queries to calibrate answers.
      ...['split.retrievalFraction=0.7', 'split.validationFraction=0.3', 'split.testFraction=0.3'],
    ];
    const first = await made('pooled', encoder, memory, (i) => [40 + 3 * i, 90 - 2 * i]);
    files = first.asked;
    pooled = first.site;
    const tokens = ['encoder.output=last_hidden_state', 'encoder.size=16', 'training.indexingEpochs=20'];
    const second = await made('patches', fixture('encoder.onnx'), tokens, () => [16, 16]);
    patches = second.site;
    browser = await launch();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await pooled?.host.stop();
    await patches?.host.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const opened = async ({ address }: StaticHost): Promise<Awaited<ReturnType<typeof openPage>>> => {
    const open = await openPage(browser);
    await open.page.goto(address);
    await ready(open.page);
    return open;
  };
  const namesOf = (answers: readonly { picture: string }[]): string[] => answers.map(({ picture }) => picture);

  it('encodes pictures of all shapes as Node does, finds the same in the same order, and judges it as Node does', async () => {
    const { page, complaints } = await opened(pooled.host);
    for (const [i, { answers, nothingFound }] of pooled.expected.entries()) {
      await upload(page, `q${i}.png`, await readFile(files[i] ?? ''));
      await page.getByRole('heading', { name: `q${i}.png`, exact: true }).waitFor();
      await expectJudged(page, answers, nothingFound);
    }
    // One vector has no places to look at.
    expect(await page.locator('.token-text').count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('shows the attention to the patches of an encoder', async () => {
    const { page, complaints } = await opened(patches.host);
    for (const [i, { answers }] of patches.expected.entries())
      expect(await answersTo(page, join(folder, `patches-${i}.png`), `p${i}.png`), `query ${i}`).toEqual(
        namesOf(answers),
      );
    const written = await page.locator('button.identifier[aria-pressed=true]').innerText();
    expect((await page.locator('.token-text').allInnerTexts()).join('')).toBe(written);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('loads the encoder for the first picture of a visitor, once, and not for those of the site', async () => {
    const { host, folder: site } = pooled;
    host.asked.length = 0;
    const { page, complaints } = await opened(host);
    await page.locator('.tile').first().click();
    expect(await shownAnswers(page)).toHaveLength(10);
    const encoders = () => host.asked.filter((file) => file === 'image_encoder.onnx').length;
    expect(encoders()).toBe(0);
    expect(host.asked.filter((file) => file.startsWith('embeddings/'))).toHaveLength(1);
    for (const i of [0, 1]) await answersTo(page, files[i] ?? '', `once ${i}.png`);
    expect(encoders()).toBe(1);
    expect(await readdir(site)).not.toContain('pictures');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('shows that the encoder is loading, also to a search that comes while it is', async () => {
    const { host } = pooled;
    const { page } = await opened(host);
    let deliver: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      deliver = resolve;
    });
    await page.route('**/image_encoder.onnx', async (route) => {
      await held;
      await route.continue();
    });
    await upload(page, 'first.png', await readFile(files[0] ?? ''));
    await page.getByText('Searching…').waitFor();
    await upload(page, 'second.png', await readFile(files[1] ?? ''));
    await page.getByRole('heading', { name: 'second.png', exact: true }).waitFor();
    await page.evaluate(() => {
      const seen: string[] = [];
      Object.assign(globalThis, { seen });
      new MutationObserver(() => seen.push(document.querySelector('[role=status].loading')?.textContent ?? '')).observe(
        document.body,
        { childList: true, characterData: true, subtree: true },
      );
    });
    deliver();
    expect(await shownAnswers(page)).toEqual(namesOf(grouped(pooled.expected[1]?.answers ?? [])));
    const seen = await page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen);
    expect(seen.join('\n')).toMatch(/Loading the image encoder, .* of .*|Starting the image encoder/);
    await page.context().close();
  });

  it('says that the encoder is cut off, and searches again when it is there', async () => {
    const { host, folder: site, expected } = pooled;
    const encoder = join(site, 'image_encoder.onnx');
    const whole = await readFile(encoder);
    await truncate(encoder, 100);
    const { page } = await opened(host);
    await upload(page, 'first.png', await readFile(files[0] ?? ''));
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').innerText()).toMatch(/image_encoder\.onnx is not the file of this index/i);
    await writeFile(encoder, whole);
    await page.getByRole('button', { name: 'Try again' }).click();
    expect(await shownAnswers(page)).toEqual(namesOf(grouped(expected[0]?.answers ?? [])));
    await page.context().close();
  });
});
