import { randomBytes } from 'node:crypto';
import type { PutCondition } from '../object-store.ts';
import type { S3Client } from './s3-client.ts';
import { bodyOf, putWhole, unsupported } from './single-put.ts';

/** Names of objects that are put to find out what a server does, and deleted at once. */
export const PROBE = '.neurodex-probe-';

const NO_ETAG = '0'.repeat(32);

/**
 * Finds out, once for each kind of condition, whether a server keeps to it: some take the header and overwrite all the same.
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

  /** @returns whether a put whose condition fails is refused, and one whose condition holds is not */
  private async probe(kind: 'absent' | 'etag'): Promise<boolean> {
    const { client } = this;
    const key = `${client.settings.prefix}${PROBE}${randomBytes(8).toString('hex')}`;
    const body = await bodyOf('probe');
    const other = await bodyOf('other');
    try {
      const first = await putWhole(client, key, body, kind === 'absent' ? 'absent' : undefined);
      if (!first.written) return false;
      const failing = await putWhole(client, key, other, kind === 'absent' ? 'absent' : { etag: NO_ETAG });
      if (failing.written || kind === 'absent') return !failing.written;
      return (await putWhole(client, key, other, { etag: first.etag })).written;
    } finally {
      await client.send({ method: 'DELETE', key, accepts: [403, 404] }).catch(() => {});
    }
  }
}
