import type { SearchResponse } from 'neurodex/client';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { accessibilityProblems, type OpenedPage, openPage, overflow } from './browser.ts';
import { calibratedIndex, type Server, type Site, startServe } from './site.ts';

const PER_SYSTEM = 20;

/** Relevant answers, similar ones, and none, in an index that is calibrated. */
export function relevanceSuite(site: () => Site): void {
  let server: Server;
  /** A picture that is like nothing in the index. */
  let noise: Buffer;
  let opened: OpenedPage;
  let page: Page;

  beforeAll(async () => {
    server = await startServe([await calibratedIndex(site().indexes), site().indexes.plain]);
    const pixels = Uint8Array.from({ length: 48 * 48 * 3 }, (_, i) => (i * i * 7919 + 31 * i) % 251);
    noise = await sharp(pixels, { raw: { width: 48, height: 48, channels: 3 } })
      .png()
      .toBuffer();
  }, 180_000);
  afterAll(() => server?.stop());
  beforeEach(async () => {
    opened = await openPage(site().browser);
    page = opened.page;
  });
  afterEach(() => page.context().close());

  const visit = (fragment = ''): Promise<unknown> => page.goto(`${server.address}/${fragment}`);
  const answersTo = async (body: BodyInit, type: string): Promise<SearchResponse> => {
    const asked = { method: 'POST', body, headers: { 'content-type': type } };
    return (await (await fetch(`${server.address}/v1/search?k=${PER_SYSTEM}`, asked)).json()) as SearchResponse;
  };
  const known = (number: number) => answersTo(JSON.stringify({ picture: `calibrated.${number}` }), 'application/json');
  const percent = (value: number | null): string =>
    value === null ? '' : value > 0 && value < 0.005 ? '< 1 %' : `${Math.round(100 * value)} %`;
  /** The first search by a picture of the index that has answers of both kinds, of one system. */
  const mixed = async (): Promise<{ number: number; response: SearchResponse }> => {
    for (let number = 0; number < 180; number++) {
      const response = await known(number);
      const isMixed = response.results.some(({ nothingFound, answers }) => {
        const relevances = answers.map(({ relevance }) => relevance ?? NaN);
        return !nothingFound && relevances.some((each) => each >= 0.5) && relevances.some((each) => each < 0.5);
      });
      if (isMixed) return { number, response };
    }
    throw new Error('no search has answers of both kinds');
  };
  const uploadNoise = async (): Promise<void> => {
    await visit();
    await page.locator('.tile').first().waitFor();
    await page.locator('input[type=file]').setInputFiles({ name: 'noise.png', mimeType: 'image/png', buffer: noise });
    await page.getByText('Nothing in this catalogue matches.').waitFor();
  };

  it('shows the relevant answers of each system first, with the probabilities of the API', async () => {
    const { number, response } = await mixed();
    await visit(`#/search/calibrated?picture=calibrated.${number}&k=${PER_SYSTEM}`);
    await page.locator('.columns').waitFor();
    for (const { system, answers } of response.results) {
      const column = page.locator(`section[aria-labelledby=answers-${system}]`);
      const isRelevant = (relevance: number | null): boolean => (relevance ?? NaN) >= 0.5;
      for (const [group, expected] of [
        ['relevant', answers.filter(({ relevance }) => isRelevant(relevance))],
        ['similar', answers.filter(({ relevance }) => !isRelevant(relevance))],
      ] as const) {
        const shown = column.locator(`.group.${group} .answer`);
        expect(await shown.locator('.rank').allInnerTexts()).toEqual(expected.map(({ rank }) => String(rank)));
        const figures = await shown.locator('.relevance').allInnerTexts();
        expect(figures.map((text) => text.split('of').at(-1)?.trim())).toEqual(
          expected.map(({ relevance }) => percent(relevance)),
        );
      }
      const shared = answers.filter(({ relevant }) => relevant).length;
      expect(await column.locator('header').innerText()).toContain(`${shared} of ${PER_SYSTEM} share a label`);
    }
    const [first] = response.results;
    const likely = first?.answers.filter(({ relevance }) => (relevance ?? NaN) >= 0.5).length ?? NaN;
    const said = await page.getByText(/^Answers for /).innerText();
    expect(said).toContain(`${first?.system}: `);
    expect(said).toContain(`, ${likely} relevant, ${PER_SYSTEM - likely} similar, `);
    expect(opened.complaints).toEqual([]);
  });

  it('says that nothing matches, and shows what is similar when it is asked to', async () => {
    const { results } = await answersTo(new Uint8Array(noise), 'image/png');
    expect(results.map(({ nothingFound }) => nothingFound)).toEqual([true, true]);
    await uploadNoise();
    expect(await page.locator('.nothing-found .notice').innerText()).toContain(percent(results[0]?.none ?? null));
    expect(await page.getByText(/^Nothing in this catalogue matches noise.png.$/).getAttribute('role')).toBe('status');
    expect(await page.locator('.columns').isVisible()).toBe(false);
    expect(await page.locator('.decoding').count()).toBe(0);
    await page.getByText('Show similar pictures anyway').focus();
    await page.keyboard.press('Enter');
    await page.locator('.columns').waitFor();
    expect(await page.locator('.answer').count()).toBe(20);
    expect(await page.locator('.group.relevant').count()).toBe(0);
    await page.locator('.decoding').waitFor();
    // The next search has answers again.
    const { number } = await mixed();
    await visit(`#/search/calibrated?picture=calibrated.${number}`);
    await page.locator('.group.relevant').first().waitFor();
    expect(await page.locator('.nothing-found').count()).toBe(0);
    expect(opened.complaints).toEqual([]);
  });

  it('is accessible in light and dark, and fits a telephone', async () => {
    const { number } = await mixed();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      // The dark page is the same page but for its colours.
      const rules = colorScheme === 'dark' ? ['color-contrast'] : undefined;
      await uploadNoise();
      expect(await accessibilityProblems(page, rules), `${colorScheme}, folded`).toEqual([]);
      await page.getByText('Show similar pictures anyway').click();
      await page.locator('.columns').waitFor();
      expect(await accessibilityProblems(page, rules), `${colorScheme}, unfolded`).toEqual([]);
      await page.setViewportSize({ width: 400, height: 860 });
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      await visit(`#/search/calibrated?picture=calibrated.${number}&k=${PER_SYSTEM}`);
      await page.locator('.group.similar').first().waitFor();
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      await page.setViewportSize({ width: 1200, height: 900 });
      expect(await accessibilityProblems(page, rules), `${colorScheme}, groups`).toEqual([]);
    }
  });

  it('groups the answers to words as well, where words are calibrated', async () => {
    const { results } = await answersTo(JSON.stringify({ text: 'circle' }), 'application/json');
    await visit(`#/search/calibrated?q=circle&k=${PER_SYSTEM}`);
    await page.locator('.columns').waitFor();
    expect(results.map(({ system }) => system)).toEqual(['dsi', 'bm25']);
    for (const { system, answers, none } of results) {
      const column = page.locator(`section[aria-labelledby=answers-${system}]`);
      const shown = await column.locator('.relevance').allInnerTexts();
      const relevant = answers.filter(({ relevance }) => (relevance ?? NaN) >= 0.5);
      const ordered = [...relevant, ...answers.filter((answer) => !relevant.includes(answer))];
      expect(shown.map((text) => text.split('of').at(-1)?.trim())).toEqual(
        ordered.map(({ relevance }) => percent(relevance)),
      );
      expect(await column.locator('.group.relevant .answer').count()).toBe(relevant.length);
      expect(none).toBeNull();
    }
    expect(await page.locator('section[aria-labelledby=answers-bm25] .group.relevant .answer').count()).toBeGreaterThan(
      0,
    );
    expect(opened.complaints).toEqual([]);
  });

  it('shows answers of an index that is not calibrated as they are ranked, and says what is calibrated', async () => {
    for (const fragment of ['#/search/plain?picture=plain.0', '#/search/plain?q=circle']) {
      await visit(fragment);
      await page.locator('.answer').first().waitFor();
      expect(await page.locator('.group, .relevance, .nothing-found').count()).toBe(0);
    }
    await visit('#/measures/calibrated');
    await page
      .getByText(/^calibrated for answers of dsi, pixels to pictures, of dsi, bm25 to words, and for pictures/)
      .waitFor();
  });
}
