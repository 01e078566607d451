import type { Page, Request } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { accessibilityProblems, type OpenedPage, openPage, overflow } from './browser.ts';
import { drawing } from './drawings.ts';
import { indexThatReads, type Server, type Site, startServe } from './site.ts';

/** Searching with words, alone and beside a picture, in an index whose network has learned to read. */
export function wordsSuite(site: () => Site): void {
  let server: Server;
  let circle: Buffer;
  let opened: OpenedPage;
  let page: Page;

  beforeAll(async () => {
    server = await startServe([await indexThatReads(site().indexes), site().indexes.plain]);
    circle = await drawing('circle', 30);
  }, 120_000);
  afterAll(() => server?.stop());
  beforeEach(async () => {
    opened = await openPage(site().browser);
    page = opened.page;
  });
  afterEach(() => page.context().close());

  const visit = (fragment = ''): Promise<unknown> => page.goto(`${server.address}/${fragment}`);
  const box = () => page.getByRole('searchbox');
  const heading = (name: string): Promise<void> => page.getByRole('heading', { name, exact: true }).waitFor();
  const columns = (): Promise<string[]> => page.locator('.column h3').allInnerTexts();
  const type = async (words: string): Promise<void> => {
    await box().fill(words);
    await box().press('Enter');
  };
  /** The next search that the page sends. */
  const sent = (): Promise<Request> => page.waitForRequest((request) => request.url().includes('/v1/search'));
  const parametersOf = (request: Request): Record<'plus' | 'minus', string[]> => {
    const { searchParams } = new URL(request.url());
    return { plus: searchParams.getAll('plus'), minus: searchParams.getAll('minus') };
  };
  const upload = (): Promise<void> =>
    page.locator('input[type=file]').setInputFiles({ name: 'mine.png', mimeType: 'image/png', buffer: circle });

  it('finds the pictures of a label, at an address that can be kept, from which one can go back', async () => {
    await visit();
    await heading('Search with words or a picture');
    await type(' triangle ');
    await heading('“triangle”');
    await page.locator('.columns').waitFor();
    expect(page.url()).toMatch(/#\/search\/reading\?q=triangle$/);
    expect(await columns()).toEqual(['dsi', 'bm25']);
    const found = page.locator('section[aria-labelledby=answers-bm25] .answer-title');
    expect((await found.allInnerTexts()).slice(0, 6)).toEqual(Array(6).fill('triangle'));
    await page.reload();
    await heading('“triangle”');
    expect(await box().inputValue()).toBe('triangle');
    await type('square');
    await heading('“square”');
    await page.goBack();
    await heading('“triangle”');
    expect(await box().inputValue()).toBe('triangle');
    await page.goBack();
    await heading('Search with words or a picture');
    expect(await box().inputValue()).toBe('');
    expect(opened.complaints).toEqual([]);
  });

  it('takes words away, and says where there is nothing to take them from', async () => {
    await visit();
    await page.locator('.tile').first().waitFor();
    await type('-square');
    expect(await page.getByRole('alert').innerText()).toContain('There are only words to take away');
    const search = sent();
    await type('round t-shirt -square −"two triangles"');
    const request = await search;
    expect(request.postDataJSON()).toEqual({ text: 'round t-shirt' });
    expect(parametersOf(request)).toEqual({ plus: [], minus: ['square', 'two triangles'] });
    await heading('“round t-shirt” without “square”, “two triangles”');
    await page.locator('.columns').waitFor();
    // No other system takes words away.
    expect(await columns()).toEqual(['dsi']);
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(opened.complaints).toEqual([]);
  });

  it('adds words to a picture of the index, and goes on without the picture', async () => {
    await visit('#/search/reading?picture=reading.0');
    await heading('circle');
    const search = sent();
    await type('triangle -square');
    expect(parametersOf(await search)).toEqual({ plus: ['triangle'], minus: ['square'] });
    await heading('circle with “triangle” without “square”');
    await page.locator('.columns').waitFor();
    expect(await columns()).toEqual(['dsi']);
    expect(page.url()).toMatch(/\?picture=reading\.0&q=triangle\+-square$/);
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByRole('button', { name: 'Remove the picture circle' }).click();
    await heading('“triangle” without “square”');
    expect(page.url()).toMatch(/\/reading\?q=triangle\+-square$/);
    expect(opened.complaints).toEqual([]);
  });

  it('adds words to a file, which stays beside them on the way back, and is asked for again after a reload', async () => {
    await visit();
    await page.locator('.tile').first().waitFor();
    await box().fill('triangle');
    await upload();
    await heading('mine.png with “triangle”');
    await type('');
    await heading('mine.png');
    await page.locator('.token').first().waitFor();
    await page.goBack();
    await heading('mine.png with “triangle”');
    await page.getByRole('button', { name: 'Remove the picture mine.png' }).click();
    await heading('“triangle”');
    await page.goBack();
    await heading('mine.png with “triangle”');
    await page.reload();
    expect(await page.getByRole('alert').innerText()).toContain('your picture mine.png, but does not hold it');
    await upload();
    await heading('mine.png with “triangle”');
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(opened.complaints).toEqual([]);
  });

  it('takes words or a picture where the network has not learned to read, and shows why not both', async () => {
    await visit('#/search/plain?q=circle');
    await page.locator('.columns').waitFor();
    expect(await columns()).toEqual(['bm25']);
    await upload();
    await heading('mine.png');
    await page.locator('.columns').waitFor();
    expect(await columns()).toEqual(['pixels']);
    await type('square');
    expect(await page.getByRole('alert').innerText()).toContain('pictures and text together');
  });

  it('takes a picture that is pasted into the box, and the focus from a key', async () => {
    await visit();
    await page.locator('.tile').first().waitFor();
    await page.keyboard.press('/');
    expect(await box().evaluate((input) => input === document.activeElement)).toBe(true);
    await page.keyboard.type('a/c');
    expect(await box().inputValue()).toBe('a/c');
    await box().evaluate(
      (input, bytes) => {
        const clipboardData = new DataTransfer();
        clipboardData.items.add(new File([new Uint8Array(bytes)], 'pasted.png', { type: 'image/png' }));
        input.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
      },
      [...circle],
    );
    await heading('pasted.png with “a/c”');
    expect(opened.complaints).toEqual([]);
  });

  it('fits a telephone, with a long name of a picture too', async () => {
    await page.setViewportSize({ width: 400, height: 860 });
    await visit();
    const name = `${'long-name-'.repeat(12)}.png`;
    await page.locator('input[type=file]').setInputFiles({ name, mimeType: 'image/png', buffer: circle });
    await page.locator('.columns').waitFor();
    await type('triangle -square');
    await page.getByRole('heading', { name: /without “square”/ }).waitFor();
    await page.locator('.columns').waitFor();
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(await accessibilityProblems(page)).toEqual([]);
  });
}
