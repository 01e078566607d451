export { type CachedObject, ContentCache, type ContentCacheOptions } from './cache/content-cache.ts';
export {
  type ContentDigest,
  type ContentObject,
  contentKey,
  downloadContent,
  getContent,
  putContent,
} from './content.ts';
export { checkKey } from './keys.ts';
export type {
  ByteRange,
  ListedObject,
  ObjectStat,
  ObjectStore,
  PutCondition,
  PutContent,
  PutOptions,
  PutResult,
  StoredBytes,
} from './object-store.ts';
export { type OpenStoreOptions, openStore } from './open-store.ts';
export { PATIENCE, type Patience } from './patience.ts';
