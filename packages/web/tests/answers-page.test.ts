import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityProblems, launch, leftOut, openPage, overflow, program } from './browser.ts';
import { type Indexes, makeIndexes } from './site.ts';

const bin = fileURLToPath(new URL('../../neurodex/bin/neurodex.js', import.meta.url));

/** The page of `neurodex search --html`, from a file. */
describe.skipIf(program === undefined)(`answers in a page${leftOut}`, { timeout: 120_000 }, () => {
  let indexes: Indexes;
  let browser: Browser;
  let file: string;

  beforeAll(async () => {
    indexes = await makeIndexes();
    file = join(indexes.photos, '..', 'my answers.html');
    const queries = ['circle', 'square'].map((name) => join(indexes.photos, name, '0.png'));
    const flags = ['--system', 'pixels', '--k', '7', '--html', file];
    await promisify(execFile)(process.execPath, [bin, 'search', indexes.plain, ...queries, ...flags]);
    browser = await launch();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    indexes?.remove();
  });

  it.each(['light', 'dark'] as const)('is complete, accessible and by itself: %s', async (colorScheme) => {
    const { page, complaints } = await openPage(browser, { colorScheme, viewport: { width: 400, height: 860 } });
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    const drawn = await page
      .locator('img')
      .evaluateAll((all) => all.map((one) => (one as HTMLImageElement).naturalWidth));
    expect(drawn).toHaveLength(2 * (1 + 7));
    for (const width of drawn) expect(width).toBeGreaterThan(0);
    expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(file).href]);
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = Number(/\d+/.exec(paper)?.[0]) > 127;
    expect(light).toBe(colorScheme === 'light');
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
