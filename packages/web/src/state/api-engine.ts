import type { SearchEngine } from '../engine.ts';
import type { Client } from './client.ts';

/** Pictures to try on the empty search page. */
const SAMPLES = 12;
/** One request lists up to this many pictures. */
const LISTED_AT_ONCE = 200;

/** Searches one index of a server. */
export const apiEngine = (client: Client, index: string): SearchEngine => ({
  async describe() {
    const { name, dataset, systems, textSystems, catalogue, patchesPerSide, queries } = await client.index(index);
    const role = queries.test > 0 ? 'test' : 'catalogue';
    const total = role === 'test' ? queries.test : catalogue;
    const samples = await evenlySpaced(total, SAMPLES, async (offset, limit) => {
      const { pictures } = await client.pictures(index, { role, offset, limit });
      return pictures;
    });
    return { name, dataset, systems, textSystems, catalogue, patchesPerSide, samples, runs: 'on this server' };
  },
  search: (query, scope, signal) => client.search(index, query, scope, signal),
});

/** At most `most` items of a list, evenly spaced: pictures of one class often follow each other. */
async function evenlySpaced<T>(
  total: number,
  most: number,
  page: (offset: number, limit: number) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  if (total <= LISTED_AT_ONCE) {
    const all = await page(0, Math.max(1, total));
    const step = Math.max(1, all.length / most);
    const offsets = Array.from({ length: Math.min(most, all.length) }, (_, i) => Math.floor(i * step));
    return offsets.flatMap((offset) => all.slice(offset, offset + 1));
  }
  const parts = await Promise.all(Array.from({ length: most }, (_, i) => page(Math.floor((i * total) / most), 1)));
  return parts.flat();
}
