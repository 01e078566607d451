import type { SearchResponse } from 'neurodex/client';
import type { Page } from 'playwright-core';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type OpenedPage, openPage } from './browser.ts';
import { drawing } from './drawings.ts';
import { type Site, startServe } from './site.ts';

/** Searching, in every way there is. */
export function searchSuite(site: () => Site): void {
  let opened: OpenedPage;
  let page: Page;
  let circle: Buffer;

  beforeAll(async () => {
    circle = await drawing('circle', 30);
  });
  beforeEach(async () => {
    opened = await openPage(site().browser);
    page = opened.page;
  });
  afterEach(async () => {
    await page.context().close();
  });

  const visit = (fragment = ''): Promise<unknown> => page.goto(`${site().server.address}/${fragment}`);
  const upload = (name: string, mimeType: string, buffer: Buffer): Promise<void> =>
    page.locator('input[type=file]').setInputFiles({ name, mimeType, buffer });
  const titles = (system: string): Promise<string[]> =>
    page
      .locator(`section[aria-labelledby=answers-${system}] .answer-title`)
      .evaluateAll((all) => all.map((one) => one.getAttribute('title') ?? ''));

  it('by an uploaded file shows what the API answers, system by system, best first', async () => {
    await visit();
    await page.getByRole('heading', { name: 'Search with words or a picture' }).waitFor();
    await upload('mine.png', 'image/png', circle);
    await page.locator('.columns').waitFor();
    const answered = await fetch(`${site().server.address}/v1/search?index=shapes&k=10`, {
      method: 'POST',
      body: new Uint8Array(circle),
      headers: { 'content-type': 'image/png' },
    });
    const { results } = (await answered.json()) as SearchResponse;
    expect(results.map(({ system }) => system)).toEqual(['dsi', 'bovw', 'pixels']);
    for (const { system, answers } of results) {
      expect(answers).toHaveLength(10);
      expect(await titles(system)).toEqual(answers.map(({ picture }) => `${picture.labels.join()}, ${picture.name}`));
    }
    // The relevance of answers to an uploaded picture is unknown.
    await page.getByText('its relevant pictures are unknown').waitFor();
    expect(await page.locator('.verdict').count()).toBe(0);
    expect(opened.complaints).toEqual([]);
  });

  it('by a picture of the index shows which answers are relevant, at an address that can be kept', async () => {
    await visit();
    await page.locator('.tile').first().click();
    await page.locator('.columns').waitFor();
    expect(page.url()).toMatch(/#\/search\/shapes\?picture=shapes\.\d+$/);
    expect(await page.locator('.answer.relevant').count()).toBeGreaterThan(0);
    const said = await page.locator('.columns header').allInnerTexts();
    for (const text of said) expect(text).toMatch(/\d+ of 10 relevant/);
    const before = await titles('pixels');
    await page.reload();
    await page.locator('.columns').waitFor();
    expect(await titles('pixels')).toEqual(before);
    await page.goBack();
    await page.getByRole('heading', { name: 'Search with words or a picture' }).waitFor();
    expect(opened.complaints).toEqual([]);
  });

  it('by a pasted picture, and by a dropped one', async () => {
    await visit();
    for (const kind of ['paste', 'drop'] as const) {
      await page
        .getByRole('button', { name: /picture/ })
        .first()
        .waitFor();
      await page.evaluate(
        ([type, bytes]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], `${type}.png`, { type: 'image/png' }));
          document.body.dispatchEvent(
            type === 'paste'
              ? new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true })
              : new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }),
          );
        },
        [kind, [...circle]] as const,
      );
      await page.getByRole('heading', { name: `${kind}.png` }).waitFor();
      await page.locator('.columns').waitFor();
    }
    expect(opened.complaints).toEqual([]);
  });

  it('by what is no picture says so, and the next picture is searched', async () => {
    await visit();
    await upload('notes.txt', 'text/plain', Buffer.from('not a picture'));
    expect(await page.getByRole('alert').innerText()).toBe('The file notes.txt is not a picture, but text/plain.');
    await upload('notes.png', 'image/png', Buffer.from('not a picture'));
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    expect(await page.getByRole('alert').innerText()).toContain('not');
    await upload('empty.png', 'image/png', Buffer.alloc(0));
    await page.getByText('The file empty.png is empty.').waitFor();
    await upload('mine.png', 'image/png', circle);
    await page.locator('.columns').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('by text on the clipboard says what to copy', async () => {
    await visit();
    await page.getByRole('search').waitFor();
    await page.evaluate(() => {
      const transfer = new DataTransfer();
      transfer.setData('text/plain', 'http://example.org/cat.png');
      document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true }));
    });
    expect(await page.getByRole('alert').innerText()).toContain('copy the picture itself');
  });

  it('gives as many answers as are asked for', async () => {
    await visit('#/search/plain?picture=plain.0&k=5');
    await page.locator('.columns').waitFor();
    expect(await page.locator('.answer').count()).toBe(5);
    await page.getByRole('combobox', { name: 'Answers per system' }).selectOption('20');
    await page.locator('.answer').nth(10).waitFor();
    expect(page.url()).toContain('k=20');
    // The catalogue has 18 pictures.
    expect(await page.locator('.answer').count()).toBe(18);
  });

  it('at an address that holds index, query, number of answers and system, for the next visitor as well', async () => {
    await visit('#/search/shapes?picture=shapes.0&k=5');
    await page.locator('.columns').waitFor();
    expect(await page.locator('.column').count()).toBe(3);
    await page.getByRole('combobox', { name: 'System', exact: true }).selectOption('bovw');
    await page.waitForFunction(() => document.querySelectorAll('.column').length === 1);
    const address = page.url();
    expect(address).toContain('#/search/shapes?picture=shapes.0&k=5&system=bovw');
    const seen = await titles('bovw');
    expect(seen).toHaveLength(5);
    const other = await openPage(site().browser);
    await other.page.goto(address);
    await other.page.locator('.columns').waitFor();
    const asked = other.page.locator('section[aria-labelledby=answers-bovw] .answer-title');
    expect(await asked.evaluateAll((all) => all.map((one) => one.getAttribute('title') ?? ''))).toEqual(seen);
    expect(await other.page.locator('.column').count()).toBe(1);
    await other.page.context().close();
    await page.goBack();
    await page.waitForFunction(() => document.querySelectorAll('.column').length === 3);
    await page.goForward();
    await page.waitForFunction(() => document.querySelectorAll('.column').length === 1);
    expect(await titles('bovw')).toEqual(seen);
    expect(opened.complaints).toEqual([]);
  });

  it('with an answer, by its link', async () => {
    await visit('#/search/shapes?picture=shapes.0&k=5&system=pixels');
    const second = page.locator('.answer').nth(1);
    const title = await second.locator('.answer-title').getAttribute('title');
    const more = second.getByRole('link', { name: /^More like this: answer 2, / });
    const href = await more.getAttribute('href');
    expect(href).toMatch(/^#\/search\/shapes\?picture=shapes\.\d+&k=5&system=pixels$/);
    await more.click();
    await page.waitForFunction((to) => location.hash === to, href);
    await page.locator('.columns').waitFor();
    // A picture of the catalogue finds itself first, by its pixels.
    await page.waitForFunction(
      (name) => document.querySelector('.answer .answer-title')?.getAttribute('title') === name,
      title,
    );
    expect(opened.complaints).toEqual([]);
  });

  it('with an answer to words, by another system where that takes words alone', async () => {
    await visit('#/search/shapes?q=circle&system=bm25');
    await page.locator('.columns').waitFor();
    expect(await page.locator('.column h3').allInnerTexts()).toEqual(['bm25']);
    await page.getByRole('link', { name: /^More like this: answer 1, / }).click();
    await page.waitForFunction(() => document.querySelectorAll('.column').length === 3);
    expect(page.url()).toMatch(/#\/search\/shapes\?picture=shapes\.\d+$/);
    expect(opened.complaints).toEqual([]);
  });

  it('by an uploaded file says that its address does not hold the picture', async () => {
    await visit();
    await upload('mine.png', 'image/png', circle);
    await page.getByText('your picture, which the address of this page names but does not hold').waitFor();
    await page.locator('.columns').waitFor();
    await page.reload();
    await page.getByText('the address names your picture mine.png, but does not hold it; choose it again').waitFor();
  });

  it('shows token by token how an identifier was decoded, and what each token attends to', async () => {
    await visit('#/search/shapes?picture=shapes.0');
    const buttons = page.getByRole('toolbar').getByRole('button');
    await buttons.first().waitFor();
    const written = await page.locator('button.identifier[aria-pressed=true]').innerText();
    const tokens = await page.locator('.token-text').allInnerTexts();
    expect(tokens.join('')).toBe(written);
    const veils = (): Promise<string[]> =>
      page.locator('.veil').evaluateAll((all) => all.map((one) => one.getAttribute('opacity') ?? ''));
    const first = await veils();
    expect(first.length).toBeGreaterThan(1);
    expect(new Set(first).size).toBeGreaterThan(1);
    await buttons.first().focus();
    await page.keyboard.press('ArrowRight');
    expect(await buttons.nth(1).getAttribute('aria-pressed')).toBe('true');
    expect(await veils()).not.toEqual(first);
    await page
      .getByRole('button', { name: /^Show how/ })
      .nth(1)
      .click();
    expect(await page.locator('.decoding > p').first().innerText()).toContain('its answer 2');
  });

  it('reveals the tokens one by one where the visitor accepts motion', async () => {
    const { page: moving } = await openPage(site().browser, { reducedMotion: 'no-preference' });
    // How many tokens can be seen, each time that changes.
    await moving.addInitScript(() => {
      const seen: number[] = [];
      Object.assign(globalThis, { seen });
      new MutationObserver(() => {
        const shown = document.querySelectorAll('.token[data-shown=true]').length;
        if (shown !== seen.at(-1)) seen.push(shown);
      }).observe(document, { subtree: true, childList: true, attributes: true });
    });
    await moving.goto(`${site().server.address}/#/search/shapes?picture=shapes.0`);
    await moving.locator('.token').first().waitFor({ state: 'attached' });
    const all = await moving.locator('.token').count();
    expect(all).toBeGreaterThan(1);
    await moving
      .locator('.token[data-shown=true]')
      .nth(all - 1)
      .waitFor();
    const seen = await moving.evaluate(() => (globalThis as unknown as { seen: number[] }).seen);
    expect(seen).toEqual(Array.from({ length: all + 1 }, (_, i) => i));
    await moving.context().close();
  });

  it('announces the first answers to screen readers', async () => {
    await visit('#/search/shapes?picture=shapes.0');
    const said = page.getByText(/^Answers for /);
    await said.waitFor({ state: 'attached' });
    expect(await said.getAttribute('role')).toBe('status');
    expect(await said.innerText()).toMatch(/dsi: \w+, probability [\d.]+, \d+ of 10 relevant\. bovw: /);
  });

  it('with the keyboard alone', async () => {
    page.on('filechooser', (chooser) =>
      chooser.setFiles({ name: 'chosen.png', mimeType: 'image/png', buffer: circle }),
    );
    await visit();
    await page.locator('.tile').first().waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('MAIN');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('INPUT');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Choose a picture');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Search');
    await page.keyboard.press('Tab');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle);
    expect(outline).toBe('solid');
    await page.keyboard.press('Enter');
    await page.locator('.columns').waitFor();
    await page.keyboard.press('o');
    await page.getByRole('heading', { name: 'chosen.png' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.getByLabel('Use single-key shortcuts').uncheck();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.keyboard.press('c');
    expect(page.url()).toContain('#/search');
    await page.getByRole('button', { name: 'Keyboard shortcuts' }).press('Enter');
    await page.getByLabel('Use single-key shortcuts').check();
    await page.getByRole('button', { name: 'Close' }).press('Enter');
    await page.keyboard.press('c');
    await page.getByRole('heading', { name: 'Catalogue' }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('MAIN');
    expect(opened.complaints).toEqual([]);
  });

  it('says that the server is gone, and goes on when it is back', async () => {
    const own = await startServe([site().indexes.plain]);
    await page.goto(own.address);
    await page.locator('.tile').first().waitFor();
    await own.stop();
    await upload('mine.png', 'image/png', circle);
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').innerText()).toContain('The server cannot be reached.');
    const back = await startServe([site().indexes.plain], ['--port', new URL(own.address).port]);
    try {
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.locator('.columns').waitFor();
    } finally {
      await back.stop();
    }
  });
}
