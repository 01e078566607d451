import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { ApproximateVectorSearch } from './approximate-search.ts';
import { vectorSearchContract } from './vector-search.contract.ts';
import { ExactVectorSearch } from './vector-search.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-vectors-'));
});
afterAll(() => rm(folder, { recursive: true }));

vectorSearchContract('exact', async (unit, length) => new ExactVectorSearch(unit, length));
vectorSearchContract('approximate', (unit, length) => ApproximateVectorSearch.build(unit, length));
vectorSearchContract('approximate, from its file', async (unit, length) => {
  const file = join(folder, 'graph');
  (await ApproximateVectorSearch.build(unit, length)).save(file);
  return await ApproximateVectorSearch.load(unit, length, await readFile(file), file);
});
