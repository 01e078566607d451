import type { MeasuredReport } from 'neurodex/client';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { accessibilityProblems, openPage, overflow } from './browser.ts';
import { CLASS_NAMES, EACH } from './drawings.ts';
import { type Site, startServe } from './site.ts';

/** Every page, by an address and by what is on it when it is complete. */
const PAGES = {
  welcome: ['#/search', '.tile'],
  answers: ['#/search/shapes?picture=shapes.0', '.columns'],
  'answers to words': ['#/search/shapes?q=circle', '.columns'],
  'words that are no query': ['#/search/shapes?q=-circle', '.failure'],
  catalogue: ['#/catalogue', '.tile'],
  measures: ['#/measures', '.measures'],
  compare: ['#/compare?index=shapes&index=plain', '.measures'],
  'unknown index': ['#/search/nowhere', '.notice'],
  'unknown picture': ['#/search/shapes?picture=shapes.999', '.notice'],
  'no page': ['#/nowhere', '.notice'],
} as const;

/** Every page, in every state. */
export function pagesSuite(site: () => Site): void {
  /** Runs with a page and closes it; whatever the page complains of is an error. */
  const withPage = async (
    run: (page: Page) => Promise<void>,
    options: Parameters<typeof openPage>[1] = {},
    excused = /404/,
  ): Promise<void> => {
    const { page, complaints } = await openPage(site().browser, options);
    try {
      await run(page);
      expect(complaints.filter((text) => !excused.test(text))).toEqual([]);
    } finally {
      await page.context().close();
    }
  };

  it('catalogue: page by page, by role and by label', () =>
    withPage(async (page) => {
      const total = CLASS_NAMES.length * EACH;
      await page.goto(`${site().server.address}/#/catalogue`);
      await page.getByText(`${total} pictures`).waitFor();
      expect(await page.locator('.tile').count()).toBe(60);
      await page.getByRole('link', { name: 'Next' }).click();
      await page.getByText(`61 to ${total} of ${total}`).waitFor();
      expect(await page.locator('.tile').count()).toBe(total - 60);
      await page.getByLabel('Label').selectOption('square');
      await page.getByText(`${EACH} pictures`).waitFor();
      await page.getByRole('combobox', { name: 'Pictures' }).selectOption('catalogue');
      await page.getByText('6 pictures', { exact: true }).waitFor();
      expect(page.url()).toContain('role=catalogue&label=square');
      const sources = await page
        .locator('.tile img')
        .evaluateAll((all) => all.map((one) => (one as HTMLImageElement).alt));
      expect(sources).toEqual(Array(6).fill(''));
      await page.goto(`${site().server.address}/#/catalogue?label=hexagon`);
      await page.getByText('No picture matches the filter.').waitFor();
    }));

  it('catalogue: of a million pictures holds one page, and goes to any', () =>
    withPage(async (page) => {
      const total = 1_234_567;
      const asked: (string | null)[] = [];
      await page.route('**/v1/indexes/shapes/pictures*', async (route) => {
        const url = new URL(route.request().url());
        asked.push(url.searchParams.get('limit'));
        const offset = Number(url.searchParams.get('offset') ?? 0);
        // The pictures of a page are those of the first page of the index, under other numbers.
        url.searchParams.set('offset', '0');
        const answer = await route.fetch({ url: url.href });
        const body = (await answer.json()) as { pictures: { id: string; name: string }[] };
        const count = Math.min(body.pictures.length, total - offset);
        const pictures = body.pictures
          .slice(0, count)
          .map((picture, i) => ({ ...picture, id: `shapes.${offset + i}`, labels: [], name: `${offset + i}.png` }));
        await route.fulfill({ response: answer, json: { ...body, total, offset, pictures } });
      });
      await page.goto(`${site().server.address}/#/catalogue`);
      await page.getByText('1,234,567 pictures').waitFor();
      await page.getByRole('spinbutton', { name: 'Page' }).fill('20000');
      await page.getByRole('button', { name: 'Go' }).click();
      await page.getByText('1,199,941 to 1,200,000 of 1,234,567').waitFor();
      expect(page.url()).toContain('offset=1199940');
      await page.reload();
      await page.getByText('1199940.png').waitFor();
      expect(await page.locator('.tile').count()).toBe(60);
      expect(await accessibilityProblems(page)).toEqual([]);
      await page.getByRole('link', { name: 'Last' }).click();
      await page.getByText('1,234,561 to 1,234,567 of 1,234,567').waitFor();
      expect(await page.getByRole('spinbutton', { name: 'Page' }).inputValue()).toBe('20577');
      expect(await page.locator('.tile').count()).toBe(7);
      // A page that there is not is the last one.
      await page.getByRole('link', { name: 'First' }).click();
      await page.getByText('1 to 60 of 1,234,567').waitFor();
      await page.getByRole('spinbutton', { name: 'Page' }).fill('99999');
      expect(
        await page
          .getByRole('spinbutton', { name: 'Page' })
          .evaluate((one) => (one as HTMLInputElement).validity.rangeOverflow),
      ).toBe(true);
      expect(new Set(asked)).toEqual(new Set(['60']));
    }));

  it('measures: the figures, intervals and curves of the report, with tables behind the charts', () =>
    withPage(async (page) => {
      await page.goto(`${site().server.address}/#/measures`);
      await page.locator('.measures').waitFor();
      const answered = await fetch(`${site().server.address}/v1/indexes/shapes/report`);
      const { evaluation, curves } = (await answered.json()) as MeasuredReport;
      const systems = Object.keys(evaluation.systems);
      const row = page.locator('.measures tbody tr', { has: page.getByRole('rowheader', { name: 'AP@10' }) });
      const cells = await row.locator('td').allInnerTexts();
      cells.forEach((cell, i) => {
        const system = systems[i] ?? '';
        expect(cell).toContain(evaluation.systems[system]?.['AP@10']?.toFixed(3));
        expect(cell).toContain(evaluation.intervals[system]?.['AP@10']?.map((end) => end.toFixed(3)).join(' to '));
      });
      const figure = page.locator('figure', { hasText: 'Recall by number of answers' });
      await figure.locator('summary').click();
      const last = await figure.locator('tbody tr').last().innerText();
      expect(last.split(/\s+/)).toEqual([
        '18',
        ...systems.map((name) => curves[name]?.recall.at(-1)?.recall.toFixed(3)),
      ]);
      const charts = page.getByRole('img');
      expect(await charts.count()).toBe(6);
      for (const chart of await charts.all()) expect(await chart.getAttribute('aria-label')).not.toBe('');
    }));

  it('measures: how far measuring is, until it is done', () =>
    withPage(async (page) => {
      let asked = 0;
      await page.route('**/report', async (route) => {
        if (++asked > 1) return route.continue();
        await route.fulfill({
          status: 202,
          headers: { 'retry-after': '1' },
          json: { status: 'measuring', done: 7, total: 54 },
        });
      });
      await page.goto(`${site().server.address}/#/measures`);
      await page.getByText('Measuring, 7 of 54 queries…').waitFor();
      expect(await page.locator('progress').getAttribute('value')).toBe('7');
      await page.locator('.measures').waitFor();
      expect(asked).toBe(2);
    }));

  it('compare: the systems of the indexes that are picked, side by side', () =>
    withPage(async (page) => {
      await page.goto(site().server.address);
      await page.getByRole('link', { name: 'Compare' }).click();
      await page.getByText('Pick two indexes or more.').waitFor();
      await page.getByRole('checkbox', { name: /shapes/ }).check();
      await page.getByRole('checkbox', { name: /plain/ }).check();
      await page.locator('.measures').waitFor();
      await page.locator('th.group').nth(1).waitFor();
      expect(await page.locator('th.group').allInnerTexts()).toEqual(['shapes', 'plain']);
      const titles = await page.locator('.measures thead tr').last().locator('th').allInnerTexts();
      expect(titles).toEqual(['measure', 'dsi', 'bovw', 'pixels', 'pixels']);
      expect(page.url()).toContain('#/compare?index=shapes&index=plain');
    }));

  it('the index is chosen beside the pages and stays on the page', () =>
    withPage(async (page) => {
      await page.goto(`${site().server.address}/#/catalogue`);
      await page.getByLabel('Index').selectOption('plain');
      await page.locator('.tile').first().waitFor();
      expect(page.url()).toContain('#/catalogue/plain');
      expect(await page.title()).toBe('Catalogue of plain · Neurodex');
      expect(await page.getByRole('link', { name: 'Measures' }).getAttribute('href')).toBe('#/measures/plain');
    }));

  it('a server without an index says how to make one', () =>
    withPage(async (page) => {
      await page.route('**/v1/indexes', (route) => route.fulfill({ json: { indexes: [] } }));
      await page.goto(site().server.address);
      await page.getByText('This server has no index.').waitFor();
      expect(await page.locator('.notice').innerText()).toContain('neurodex index SOURCE --out DIR');
    }));

  it('a busy server is named, and asked again', () =>
    withPage(
      async (page) => {
        await page.route('**/v1/search*', (route) =>
          route.fulfill({
            status: 503,
            headers: { 'retry-after': '3' },
            contentType: 'application/problem+json',
            json: {
              type: 'about:blank',
              title: 'Service Unavailable',
              status: 503,
              detail: 'too many searches',
              code: 'busy',
            },
          }),
        );
        await page.goto(`${site().server.address}/#/search/shapes?picture=shapes.0`);
        expect(await page.getByRole('alert').innerText()).toContain('Too many searches.\n\nTry again in 3 s.');
        await page.unroute('**/v1/search*');
        await page.getByRole('button', { name: 'Try again' }).click();
        await page.locator('.columns').waitFor();
      },
      {},
      /503/,
    ));

  it('a server that wants a token asks for it, and shows its pictures with it', async () => {
    const locked = await startServe([site().indexes.plain], ['--token', 'open-sesame']);
    try {
      await withPage(
        async (page) => {
          await page.goto(locked.address);
          await page.getByLabel('Token').fill('open-barley');
          await page.keyboard.press('Enter');
          await page.getByText('The server refuses this token.').waitFor();
          await page.getByLabel('Token').fill('open-sesame');
          await page.keyboard.press('Enter');
          await page.locator('.tile img').first().waitFor();
          await page.waitForFunction(() =>
            [...document.querySelectorAll<HTMLImageElement>('.tile img')].every((one) => one.naturalWidth > 0),
          );
          expect(await page.locator('.tile img').first().getAttribute('src')).toMatch(/^blob:/);
          await page.reload();
          await page.locator('.tile img').first().waitFor();
        },
        {},
        /401/,
      );
    } finally {
      await locked.stop();
    }
  });

  it('the theme is the system’s until one is chosen, which is kept', () =>
    withPage(
      async (page) => {
        const paper = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        await page.goto(site().server.address);
        const dark = await paper();
        await page.getByLabel('Theme').selectOption('light');
        const light = await paper();
        expect(light).not.toBe(dark);
        await page.reload();
        expect(await paper()).toBe(light);
        await page.getByLabel('Theme').selectOption('system');
        expect(await paper()).toBe(dark);
      },
      { colorScheme: 'dark' },
    ));

  it.each(Object.entries(PAGES))('axe-core finds nothing wrong: %s, light and dark', (_, [fragment, complete]) =>
    withPage(async (page) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.goto('about:blank');
        await page.goto(`${site().server.address}/${fragment}`);
        await page.locator(complete).first().waitFor();
        // The dark page is the same page but for its colours.
        const rules = colorScheme === 'dark' ? ['color-contrast'] : undefined;
        expect(await accessibilityProblems(page, rules), colorScheme).toEqual([]);
      }
    }),
  );

  it('axe-core finds nothing wrong: the list of shortcuts', () =>
    withPage(async (page) => {
      await page.goto(site().server.address);
      await page.locator('.tile').first().waitFor();
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
    }));

  it('no page is wider than a telephone of 400 pixels', () =>
    withPage(
      async (page) => {
        for (const [name, [fragment, complete]] of Object.entries(PAGES)) {
          await page.goto('about:blank');
          await page.goto(`${site().server.address}/${fragment}`);
          await page.locator(complete).first().waitFor();
          for (const summary of await page.locator('summary').all()) await summary.click();
          expect(await overflow(page), name).toBeLessThanOrEqual(0);
        }
      },
      { viewport: { width: 400, height: 860 } },
    ));
}
