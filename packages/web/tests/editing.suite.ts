import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IndexList } from 'neurodex/client';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { accessibilityProblems, type OpenedPage, openPage, overflow } from './browser.ts';
import { CLASS_NAMES, EACH } from './drawings.ts';
import { type Server, type Site, startServe } from './site.ts';

/** Adding and removing pictures on the page of the catalogue. */
export function editingSuite(site: () => Site): void {
  const total = CLASS_NAMES.length * EACH;
  let server: Server;
  let opened: OpenedPage;
  let page: Page;

  beforeAll(async () => {
    server = await startServe([site().indexes.editable], ['--write-token', 'open-sesame']);
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    opened = await openPage(site().browser);
    page = opened.page;
  });
  afterEach(() => page.context().close());

  /** A picture that no index has. */
  const noise = async (seed: number): Promise<number[]> => {
    const data = Buffer.from(Array.from({ length: 48 * 48 * 3 }, (_, i) => (i * seed * 7919) % 251));
    return [
      ...(await sharp(data, { raw: { width: 48, height: 48, channels: 3 } })
        .png()
        .toBuffer()),
    ];
  };
  const drop = (files: readonly (readonly [name: string, bytes: readonly number[]])[]): Promise<void> =>
    page.evaluate((all) => {
      const transfer = new DataTransfer();
      for (const [name, bytes] of all)
        transfer.items.add(new File([new Uint8Array(bytes)], name, { type: 'image/png' }));
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }, files);
  const enter = async (token: string): Promise<void> => {
    await page.getByLabel('Token for changes').fill(token);
    await page.keyboard.press('Enter');
  };
  const visit = async (fragment = '#/catalogue'): Promise<void> => {
    await page.goto(`${server.address}/${fragment}`);
    await page.locator('.tile').first().waitFor();
  };
  const changes = async () => {
    const { indexes } = (await (await fetch(`${server.address}/v1/indexes`)).json()) as IndexList;
    return indexes[0]?.changes;
  };

  it('pictures that are dropped are added once there is the right token, and found', async () => {
    await visit();
    await drop([
      ['new.png', await noise(3)],
      ['notes.png', [1, 2, 3]],
      ['again.png', [...readFileSync(join(site().indexes.editable, '..', 'photos', 'circle', '0.png'))]],
    ]);
    await enter('open-barley');
    await page.getByText('The server takes no changes with this token.').waitFor();
    await enter('open-sesame');
    await page.getByRole('button', { name: 'Choose pictures to add' }).waitFor();
    await drop([
      ['new.png', await noise(3)],
      ['notes.png', [1, 2, 3]],
      ['again.png', [...readFileSync(join(site().indexes.editable, '..', 'photos', 'circle', '0.png'))]],
    ]);
    const added = page.getByRole('region', { name: 'Added now' });
    await added.locator('.tile').waitFor();
    expect(await added.locator('.tile').innerText()).toContain('new.png');
    const alert = await page.getByRole('alert').innerText();
    expect(alert).toContain('2 files were not added.');
    expect(alert).toContain('again.png: The index has this picture already.');
    expect(alert).toMatch(/notes\.png: .*not/);
    await page.getByText(`${total + 1} pictures`).waitFor();
    await page.getByText('1 picture added.').waitFor({ state: 'attached' });
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.setViewportSize({ width: 400, height: 860 });
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await added.locator('.tile').click();
    await page.locator('.columns').waitFor();
    expect(await page.locator('.answer-title').first().innerText()).toContain('new.png');
    expect(opened.complaints.filter((text) => !/401/.test(text))).toEqual([]);
  });

  it('a picture that is removed is hidden at once, and back when that is undone', async () => {
    await visit();
    await page.getByRole('button', { name: 'Add or remove pictures' }).click();
    await enter('open-sesame');
    const before = await changes();
    const first = page.locator('.grid > li').first();
    const title = await first.locator('.tile-title').innerText();
    const href = await first.locator('.tile').getAttribute('href');
    await first.getByRole('button', { name: /^Remove/ }).click();
    expect(await page.locator('.grid .tile').first().getAttribute('href')).not.toBe(href);
    await page.locator('.removals').getByText('Removed').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.setViewportSize({ width: 400, height: 860 });
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Undo');
    await page.keyboard.press('Enter');
    await page.locator('.removals p').waitFor({ state: 'detached' });
    expect(await page.locator('.grid .tile').first().getAttribute('href')).toBe(href);
    expect(title).not.toBe('');
    expect(await changes()).toEqual(before);
    expect(opened.complaints).toEqual([]);
  });

  it('a removal is for good after ten seconds, and when the page is left before', async () => {
    await page.clock.install();
    await visit();
    await page.getByRole('button', { name: 'Add or remove pictures' }).click();
    await enter('open-sesame');
    const { removed = 0 } = (await changes()) ?? {};
    const remove = () =>
      page
        .locator('.grid > li')
        .first()
        .getByRole('button', { name: /^Remove/ })
        .click();
    const count = async (): Promise<number> => (await changes())?.removed ?? 0;
    await remove();
    await page.locator('.removals p').waitFor();
    await page.clock.fastForward(9000);
    expect(await count()).toBe(removed);
    await page.clock.fastForward(1500);
    await page.locator('.removals p').waitFor({ state: 'detached' });
    await expect.poll(count, { timeout: 30_000 }).toBe(removed + 1);
    await remove();
    await page.locator('.removals p').waitFor();
    await page.goto('about:blank');
    await expect.poll(count, { timeout: 30_000 }).toBe(removed + 2);
    await visit();
    await page.getByRole('button', { name: 'Add or remove pictures' }).click();
    await remove();
    await page.getByRole('link', { name: 'Search', exact: true }).click();
    await expect.poll(count, { timeout: 30_000 }).toBe(removed + 3);
    expect(opened.complaints).toEqual([]);
  });

  it('a server without a token for writing offers nothing of it', async () => {
    await page.goto(`${site().server.address}/#/catalogue`);
    await page.locator('.tile').first().waitFor();
    expect(await page.getByRole('button', { name: 'Add or remove pictures' }).count()).toBe(0);
  });
}
