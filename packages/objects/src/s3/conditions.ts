import { randomBytes } from 'node:crypto';
import type { PutCondition } from '../object-store.ts';
import type { S3Client } from './s3-client.ts';
import { bodyOf, putWhole, unsupported } from './single-put.ts';

/** Names of objects that are put to find out what a server does, and deleted at once. */
export const PROBE = '.neurodex-probe-';

/** Puts at a time: a server that looks first and writes then is likely to let several of them through. */
const TOGETHER = 8;

/**
 * Finds out, once for each kind of condition, whether a server keeps to it: some take the header and overwrite all the same,
 * others look and write in two steps. The latter can be told only by luck, so that eight puts try theirs.
 */
export class Conditions {
  private readonly client: S3Client;
  private readonly found: Partial<Record<'absent' | 'etag', Promise<boolean>>> = {};

  constructor(client: S3Client) {
    this.client = client;
  }

  /** @throws NeurodexError `store-unsupported` */
  async check(condition: PutCondition | undefined): Promise<void> {
    if (condition === undefined) return;
    const kind = condition === 'absent' ? 'absent' : 'etag';
    this.found[kind] ??= this.probe(kind);
    try {
      if (await this.found[kind]) return;
    } catch (error) {
      // It was not found out.
      delete this.found[kind];
      throw error;
    }
    throw unsupported(this.client, condition);
  }

  /** @returns whether of several puts at a time exactly one is written, and one whose condition fails is not */
  private async probe(kind: 'absent' | 'etag'): Promise<boolean> {
    const { client } = this;
    const key = `${client.settings.prefix}${PROBE}${randomBytes(8).toString('hex')}`;
    const put = async (condition: PutCondition | undefined) =>
      await putWhole(client, key, bodyOf(randomBytes(8)), condition);
    try {
      const first = kind === 'etag' ? await put(undefined) : undefined;
      const condition = first?.written ? { etag: first.etag } : 'absent';
      const together = await Promise.all(Array.from({ length: TOGETHER }, () => put(condition)));
      const winners = together.filter(({ written }) => written);
      return winners.length === 1 && !(await put(condition)).written;
    } finally {
      await client.send({ method: 'DELETE', key, accepts: [403, 404] }).catch(() => {});
    }
  }
}
