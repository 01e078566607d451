import type { FileHandle } from 'node:fs/promises';
import { fromFileSystem } from '@neurodex/core';
import { throwIfInterrupted, writeAtomically } from '@neurodex/core/storage';
import { checkRange } from '../check-range.ts';
import { checkKey, isKey } from '../keys.ts';
import type {
  ByteRange,
  ListedObject,
  ObjectStat,
  ObjectStore,
  PutContent,
  PutOptions,
  PutResult,
  StoredBytes,
} from '../object-store.ts';
import { Conditions, PROBE } from './conditions.ts';
import { ContentSource } from './content-source.ts';
import { PART_BYTES, uploadInParts } from './multipart-upload.ts';
import { parseListPage } from './s3-answers.ts';
import { S3Client, type S3ClientOptions } from './s3-client.ts';
import { storeError } from './s3-failures.ts';
import { readObject, type Sink, statObject } from './s3-reader.ts';
import type { S3Settings } from './s3-settings.ts';
import { etagOf, putWhole } from './single-put.ts';

/** S3 takes no more in one request, and a condition only there. */
const MOST_AT_ONCE = 5 * 2 ** 30;

/** A bucket, or what is below a prefix in it, of any server that speaks S3. */
export class S3Store implements ObjectStore {
  readonly place: string;
  private readonly client: S3Client;
  private readonly conditions: Conditions;

  constructor(settings: S3Settings, options: S3ClientOptions) {
    this.place = settings.place;
    this.client = new S3Client(settings, options);
    this.conditions = new Conditions(this.client);
  }

  async get(key: string, range?: ByteRange): Promise<StoredBytes | undefined> {
    checkRange(range);
    const whole = this.keyOf(key);
    let content = new Uint8Array();
    const sink: Sink = {
      begin: async (bytes) => {
        content = new Uint8Array(bytes);
      },
      write: async (piece, position) => content.set(piece, position),
    };
    const found = await readObject(this.client, whole, range ?? { start: 0, end: Number.POSITIVE_INFINITY }, sink);
    return found === undefined ? undefined : { content, etag: found.etag };
  }

  async stat(key: string): Promise<ObjectStat | undefined> {
    return await statObject(this.client, this.keyOf(key));
  }

  async *list(prefix: string): AsyncGenerator<ListedObject, void, undefined> {
    const { client } = this;
    const { prefix: own } = client.settings;
    for (let token: string | undefined, isLast = false; !isLast; ) {
      throwIfInterrupted(client.signal);
      const query = { 'list-type': '2', prefix: own + prefix, 'encoding-type': 'url', 'max-keys': '1000' };
      const { body } = await client.send({
        method: 'GET',
        query: token === undefined ? query : { ...query, 'continuation-token': token },
      });
      const page = parseListPage(new TextDecoder().decode(body));
      if (page === undefined || (page.next !== undefined && page.next === token)) {
        throw storeError(
          'store-refused',
          client.settings,
          ': the server sent no list of objects',
          'check AWS_ENDPOINT_URL',
        );
      }
      for (const { key, bytes } of page.objects) {
        const within = key.slice(own.length);
        // Other programs put objects that stand for folders.
        const isOurs = key.startsWith(own + prefix) && isKey(within) && !within.startsWith(PROBE);
        if (isOurs) yield { key: within, bytes };
      }
      token = page.next;
      isLast = token === undefined;
    }
  }

  async put(key: string, content: PutContent, { condition }: PutOptions = {}): Promise<PutResult> {
    const whole = this.keyOf(key);
    throwIfInterrupted(this.client.signal);
    const source = await ContentSource.open(content);
    try {
      if (condition !== undefined && source.bytes > MOST_AT_ONCE) throw this.tooLarge(key);
      await this.conditions.check(condition);
      if (condition === undefined && source.bytes > PART_BYTES) {
        const etag = (await uploadInParts(this.client, whole, source)) ?? (await this.stat(key))?.etag;
        return { written: true, etag: etagOf(this.client, etag) };
      }
      return await putWhole(this.client, whole, await source.part(0, source.bytes), condition);
    } finally {
      await source.close();
    }
  }

  async delete(key: string): Promise<void> {
    await this.client.send({ method: 'DELETE', key: this.keyOf(key), accepts: [404] });
  }

  async download(key: string, path: string): Promise<ObjectStat | undefined> {
    const whole = this.keyOf(key);
    // Nothing is written where there is nothing.
    if ((await this.stat(key)) === undefined) return undefined;
    let found: ObjectStat | undefined;
    const gone = new Error('deleted meanwhile');
    try {
      await writeAtomically(path, async (handle) => {
        found = await readObject(
          this.client,
          whole,
          { start: 0, end: Number.POSITIVE_INFINITY },
          fileSink(handle, path),
        );
        if (found === undefined) throw gone;
      });
    } catch (error) {
      if (error === gone) return undefined;
      throw error;
    }
    return found;
  }

  /** In the bucket. @throws NeurodexError `object-key-invalid` */
  private keyOf(key: string): string {
    checkKey(key);
    return this.client.settings.prefix + key;
  }

  private tooLarge(key: string) {
    return storeError(
      'store-unsupported',
      this.client.settings,
      `takes at most ${MOST_AT_ONCE} bytes under a condition, and ${key} has more`,
      'put it without a condition, under its digest',
    );
  }
}

const fileSink = (handle: FileHandle, path: string): Sink => ({
  begin: (bytes) => handle.truncate(bytes),
  write: async (piece, position) => {
    try {
      for (let done = 0; done < piece.length; ) {
        const { bytesWritten } = await handle.write(piece, done, piece.length - done, position + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw fromFileSystem(error, path);
    }
  },
});
