import type { SystemCalibration } from '../relevance/answer-judge.ts';
import { type PackedNone, packNone } from '../relevance/packed-none.ts';
import type { Index } from '../systems/open-index.ts';

/** What a site needs to judge the answers of its network. */
export const SITE_RELEVANCE = 'relevance.json';

/** `relevance.json` of a site. */
export interface SiteRelevance {
  /** Of answers of `dsi` to pictures. */
  readonly picture: SystemCalibration;
  /** The outcome that nothing is relevant; null where that is not known. */
  readonly none: PackedNone | null;
  /** Edge of the pictures whose appearances it compares, in pixels. */
  readonly size: number;
}

/** @returns undefined where answers of the network are not calibrated @throws NeurodexError `index-damaged` */
export async function siteRelevance({ store, relevance }: Index): Promise<SiteRelevance | undefined> {
  const found = await relevance();
  const picture = found?.systems.dsi?.picture;
  if (found === undefined || picture === undefined) return undefined;
  return { picture, none: found.none && packNone(found.none), size: store.size };
}
