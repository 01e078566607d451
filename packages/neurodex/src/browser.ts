/** What searching needs, for pages: nothing here, or below it, needs Node. `bundle.test.ts` of packages/web holds it to that. */

export type { DsiModel } from './dsi/model/model-file.ts';
export { PrefixTable } from './dsi/model/prefix-table.ts';
export { readParameters, readPrefixes } from './dsi/model/read-parameters.ts';
export { AttentionProbe, type TokenAttention } from './dsi/search/attention-probe.ts';
export { DsiSystem } from './dsi/search/dsi-system.ts';
export type { SiteDescription, SitePicture } from './export/site.ts';
export { schemeOf } from './identifiers/schemes.ts';
export { Trie } from './identifiers/trie.ts';
export type { Answer } from './query/answers.ts';
export type { PictureQuery } from './query/query.ts';
