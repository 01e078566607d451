/** What a page needs to search by itself. No module here needs Node; packages/web/tests/browser-core.test.ts checks that. */

export type { DsiModel } from './dsi/model/model-file.ts';
export { PrefixTable } from './dsi/model/prefix-table.ts';
export { readMemory, readParameters, readPrefixes } from './dsi/model/read-parameters.ts';
export { AttentionProbe, hasPlaces, type TokenAttention } from './dsi/search/attention-probe.ts';
export { DsiSystem } from './dsi/search/dsi-system.ts';
export { knownRelevantRows, type LabelledStore } from './evaluation/relevance.ts';
export { type ExportedEncoder, encoderFacts } from './export/exported-encoder.ts';
export type { SiteDescription, SitePicture } from './export/site.ts';
export { schemeOf } from './identifiers/schemes.ts';
export { Trie } from './identifiers/trie.ts';
export { Encoder } from './models/encoder/encoder.ts';
export type { Answer } from './query/answers.ts';
export type { FrozenBackbone } from './query/model-input.ts';
export { preprocess } from './query/preprocess.ts';
export type { PictureQuery } from './query/query.ts';
