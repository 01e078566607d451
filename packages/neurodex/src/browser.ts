/** What searching needs, for pages: nothing here, or below it, needs Node. `bundle.test.ts` of packages/web holds it to that. */
export type { SiteDescription, SitePicture } from './export/site.ts';
export { schemeOf } from './identifiers/schemes.ts';
export { Trie } from './identifiers/trie.ts';
export type { DsiModel } from './models/dsi/model.ts';
export { readParameters } from './models/dsi/read-parameters.ts';
export { AttentionProbe, type DigitAttention } from './retrieval/attention.ts';
export { DsiSystem } from './retrieval/dsi.ts';
export type { Answer } from './retrieval/system.ts';
