/** What a store says of one object. */
export interface ObjectStat {
  /** Its size. */
  readonly bytes: number;
  /** Names this content of the key: another content has another etag. Means something to the store that gave it alone. */
  readonly etag: string;
}

/** Bytes of an object, and the etag of the content that they are from. */
export interface StoredBytes {
  /** All of it. */
  readonly content: Uint8Array;
  /** Another one when the content is another one. */
  readonly etag: string;
}

/** An object of a list. */
export interface ListedObject {
  /** Its key. */
  readonly key: string;
  /** Its size. */
  readonly bytes: number;
}

/** Bytes `start` up to, not including, `end` of an object; an end beyond that of the object means up to its end. */
export interface ByteRange {
  /** The first byte, from 0. */
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
}

/** What is put: bytes, or a file, which is streamed and must not change meanwhile. */
export type PutContent = Uint8Array | { readonly file: string };

/** Put only where there is no such key, or only where its content is still that of an etag. */
export type PutCondition = 'absent' | { readonly etag: string };

/** How an object is put. */
export interface PutOptions {
  /** What must be so for it to be written. */
  readonly condition?: PutCondition;
}

/** `written` is false where the condition failed: another writer was first, and nothing was changed. */
export type PutResult = { readonly written: true; readonly etag: string } | { readonly written: false };

/**
 * Objects under keys: immutable or small and compared before they are replaced. An object is whole or absent to every reader,
 * and what a finished put wrote is what every later read gives, in any process. A key is `checkKey`'s: parts between
 * single '/', none of them '.' or '..'.
 *
 * Every method throws NeurodexError `store-missing` where the bucket or the folder is not there (a put makes the folder),
 * `store-denied` where it may not be used, `store-unreachable` where it kept failing for as long as was waited,
 * `store-refused` for an answer that no waiting mends, `object-key-invalid` for what is no key, and `interrupted`.
 */
export interface ObjectStore {
  /** As messages name it: the folder, or `s3://bucket/prefix`. */
  readonly place: string;

  /** The bytes of an object, or of a range of it, in memory; undefined where there is none of that key. */
  get(key: string, range?: ByteRange): Promise<StoredBytes | undefined>;

  /** Undefined where there is none of that key. */
  stat(key: string): Promise<ObjectStat | undefined>;

  /** The objects whose keys begin with `prefix` ('' for all), in the order of the bytes of their keys. */
  list(prefix: string): AsyncIterable<ListedObject>;

  /**
   * Writes an object, in one step to readers. A file is never held in memory.
   * With a condition, exactly one of several writers at a time is told `written`.
   * @throws NeurodexError `store-unsupported` for a condition where the store does not keep to conditions;
   *   `source-missing`, `source-unusable` for a file that cannot be read; `disk-full`, `output-unwritable` of a folder
   */
  put(key: string, content: PutContent, options?: PutOptions): Promise<PutResult>;

  /** Deletes an object; one that is not there is no error. */
  delete(key: string): Promise<void>;

  /**
   * Copies an object into a file, which is whole or absent, without holding it in memory; replaces a file that is there.
   * Undefined, and no file is written, where there is none of that key.
   * @throws NeurodexError `disk-full`, `output-unwritable`
   */
  download(key: string, path: string): Promise<ObjectStat | undefined>;
}
