import type { SearchResponse } from 'neurodex/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { accessibilityProblems, openPage } from './browser.ts';
import { damagedPlace, SHARDS } from './sharded-place.ts';
import { type Server, type Site, startServe } from './site.ts';

/** An index in shards, one of which has lost its files. */
export function partialSuite(site: () => Site): void {
  let server: Server;

  beforeAll(async () => {
    const { place, environment } = await damagedPlace(site().indexes);
    server = await startServe([place], ['--shards', String(SHARDS)], environment);
  }, 180_000);
  afterAll(() => server?.stop());

  it('answers with the others, and says that answers may be missing', async () => {
    const { page, complaints } = await openPage(site().browser);
    await page.goto(`${server.address}/#/search?q=circle`);
    const notice = page.getByText('Some shards did not answer: answers may be missing.');
    await notice.waitFor();
    await page.locator('.answer').first().waitFor();
    const answered = await fetch(`${server.address}/v1/search?k=1000`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: 'circle' }),
    });
    const { partial, results } = (await answered.json()) as SearchResponse;
    const shards = new Set(results[0]?.answers.map(({ picture }) => picture.identifier?.split('/', 1)[0]));
    expect([partial, shards.size]).toEqual([true, SHARDS - 1]);
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('says nothing of the kind where all of an index answers', async () => {
    const { page } = await openPage(site().browser);
    await page.goto(`${site().server.address}/#/search/shapes?picture=shapes.0`);
    await page.locator('.answer').first().waitFor();
    expect(await page.getByText('Some shards did not answer').count()).toBe(0);
    await page.context().close();
  });
}
