/** What a page needs to search by itself. No module here needs Node; packages/web/tests/browser-core.test.ts checks that. */

export type { DsiModel } from './dsi/model/model-file.ts';
export { PrefixTable } from './dsi/model/prefix-table.ts';
export { readMemory, readParameters, readPrefixes } from './dsi/model/read-parameters.ts';
export { AttentionProbe, hasPlaces, type TokenAttention } from './dsi/search/attention-probe.ts';
export { DsiSystem } from './dsi/search/dsi-system.ts';
export { knownRelevantRows, type LabelledStore } from './evaluation/relevance.ts';
export { type ExportedEncoder, encoderFacts } from './export/exported-encoder.ts';
export type { SiteDescription, SitePicture } from './export/site.ts';
export type { SiteRelevance } from './export/site-relevance.ts';
export { schemeOf } from './identifiers/schemes.ts';
export { Trie } from './identifiers/trie.ts';
export { appearanceOf } from './models/appearance/appearance.ts';
export { Encoder } from './models/encoder/encoder.ts';
export { pooled, unitVector } from './models/encoder/pooled.ts';
export type { Answer } from './query/answers.ts';
export type { FrozenBackbone } from './query/model-input.ts';
export { preprocess } from './query/preprocess.ts';
export type { PictureQuery } from './query/query.ts';
export { type AnswerJudge, answerJudge } from './relevance/answer-judge.ts';
export { joinBlocks, type NoneModel, noneProbability } from './relevance/none.ts';
export { unpackNone } from './relevance/packed-none.ts';
export { VOTERS } from './relevance/votes.ts';
