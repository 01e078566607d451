import type { SearchEngine } from '../engine.ts';
import type { Client } from './client.ts';

/** Pictures to try on the empty search page. */
const SAMPLES = 12;

/** Searches one index of a server. */
export const apiEngine = (client: Client, index: string): SearchEngine => ({
  async describe() {
    const { name, dataset, systems, catalogue, patchesPerSide, queries } = await client.index(index);
    const role = queries.test > 0 ? 'test' : 'catalogue';
    const total = role === 'test' ? queries.test : catalogue;
    const samples = await spread(total, SAMPLES, async (offset, limit) => {
      const { pictures } = await client.pictures(index, { role, offset, limit });
      return pictures;
    });
    return { name, dataset, systems, catalogue, patchesPerSide, samples, runs: 'on this server' };
  },
  search: (query, k, signal) => client.search(index, query, k, signal),
});

/** A few of many, from beginning to end: pictures of one class often stand beside each other. */
async function spread<T>(
  total: number,
  most: number,
  page: (offset: number, limit: number) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  if (total <= 200) {
    const all = await page(0, Math.max(1, total));
    const step = Math.max(1, all.length / most);
    return Array.from({ length: Math.min(most, all.length) }, (_, i) => all[Math.floor(i * step)] as T);
  }
  const parts = await Promise.all(Array.from({ length: most }, (_, i) => page(Math.floor((i * total) / most), 1)));
  return parts.flat();
}
