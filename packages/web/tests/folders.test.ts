import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, leftOut, openPage, program } from './browser.ts';
import { hostModule } from './bundled-page.ts';
import { FOLDERS_CONTRACT } from './folders.contract.ts';
import type { StaticHost } from './static-host.ts';

/** Bytes. */
const SMALL = 10_000;
/** So that writing it takes longer than closing a tab. */
const LARGE = 64_000_000;

describe.skipIf(program === undefined)(`folders that Chromium keeps for a page${leftOut}`, () => {
  let host: StaticHost;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    host = await hostModule('./folders-page.ts');
    browser = await launch();
    page = (await opened()).page;
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await host?.stop();
  });

  /** In a context of its own, which has a store of its own. */
  const opened = async () => {
    const open = await openPage(browser);
    await open.page.goto(host.address);
    await open.page.waitForFunction(() => 'foldersPage' in globalThis);
    return open;
  };

  it('are checked for every promise', async () => {
    expect(await page.evaluate(() => foldersPage.promises)).toEqual(FOLDERS_CONTRACT.map(({ name }) => name));
  });

  describe.each([
    ['in the origin private file system', 'privateFolders'],
    ['in IndexedDB', 'databaseFolders'],
  ] as const)('%s', (_, store) => {
    it.each(FOLDERS_CONTRACT.map(({ name }) => name))('%s', async (name) => {
      // An error of the page is the error of the test.
      await expect(
        page.evaluate(([which, promise]) => foldersPage.check(which, promise), [store, name] as const),
      ).resolves.toBeUndefined();
    });

    it('stay as they were where there is no room for another, and the error says so', async ({ skip }) => {
      skip(store === 'databaseFolders', 'IndexedDB of Chromium takes blobs beyond a quota that is set for a test');
      const { page: own } = await opened();
      await own.evaluate(([which, size]) => foldersPage.write(which, 'before', size), [store, SMALL] as const);
      await own.evaluate((which) => foldersPage.makeCurrent(which, 'before'), store);
      const session = await own.context().newCDPSession(own);
      const { origin } = new URL(host.address);
      await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1_000_000 });
      expect(await own.evaluate((which) => foldersPage.write(which, 'next', 8_000_000), store)).toBe(
        'QuotaExceededError',
      );
      const { current, sizes } = await own.evaluate((which) => foldersPage.kept(which), store);
      expect([current, sizes.before, sizes.next ?? 0]).toEqual(['before', SMALL, 0]);
      await session.send('Storage.overrideQuotaForOrigin', { origin });
      await own.context().close();
    });

    it('stay as they were where the tab is closed in the middle of a write, whose file is whole or empty', async () => {
      const { page: own } = await opened();
      await own.evaluate(([which, size]) => foldersPage.write(which, 'before', size), [store, SMALL] as const);
      await own.evaluate((which) => foldersPage.makeCurrent(which, 'before'), store);
      await own.evaluate(
        ([which, size]) => {
          void foldersPage.write(which, 'next', size);
        },
        [store, LARGE] as const,
      );
      const context = own.context();
      await own.close();
      const later = await context.newPage();
      await later.goto(host.address);
      await later.waitForFunction(() => 'foldersPage' in globalThis);
      const { current, sizes } = await later.evaluate((which) => foldersPage.kept(which), store);
      expect([current, sizes.before]).toEqual(['before', SMALL]);
      expect([0, LARGE]).toContain(sizes.next ?? 0);
      await context.close();
    });
  });
});
