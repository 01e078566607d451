import { afterAll, beforeAll, describe } from 'vitest';
import { belowPathSuite } from './below-path.suite.ts';
import { launch, leftOut, program } from './browser.ts';
import { editingSuite } from './editing.suite.ts';
import { pagesSuite } from './pages.suite.ts';
import { partialSuite } from './partial.suite.ts';
import { relevanceSuite } from './relevance.suite.ts';
import { searchSuite } from './search.suite.ts';
import { makeIndexes, type Site, startServe } from './site.ts';
import { wordsSuite } from './words.suite.ts';

/** The pages as the program serves them, in Chromium: one server and one browser for all tests. */
describe.skipIf(program === undefined)(`in a browser${leftOut}`, { timeout: 180_000 }, () => {
  let site: Site;

  beforeAll(async () => {
    const indexes = await makeIndexes();
    const [server, browser] = await Promise.all([startServe([indexes.shapes, indexes.plain]), launch()]);
    site = { indexes, server, browser };
  }, 180_000);
  afterAll(async () => {
    await site?.browser.close();
    await site?.server.stop();
    site?.indexes.remove();
  });

  describe('below a path', () => belowPathSuite(() => site));
  describe('searching', () => searchSuite(() => site));
  describe('searching with words', () => wordsSuite(() => site));
  describe('telling relevant answers from similar ones', () => relevanceSuite(() => site));
  describe('answering without a shard', () => partialSuite(() => site));
  describe('editing', () => editingSuite(() => site));
  describe('pages', () => pagesSuite(() => site));
});
