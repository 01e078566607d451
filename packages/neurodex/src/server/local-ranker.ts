import { decodeThumbnail } from '../catalogue/store.ts';
import type { Index } from '../retrieval/open.ts';
import type { Ranker } from './ranker.ts';

/** Ranks on the thread that it is called on. */
export const localRanker = (index: Index): Ranker => ({
  async rank(system, queries, k) {
    const pictures = queries.map(({ pixels, thumbnail }) => ({
      pixels,
      thumbnail: () => decodeThumbnail(thumbnail ?? new Uint8Array(), 'the picture'),
    }));
    return await (await index.system(system)).rank(pictures, k);
  },
  close: () => index.close(),
});
