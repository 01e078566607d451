import { libvips } from '@neurodex/datasets/image';
import type { Headers } from './handler.ts';
import type { Host } from './host.ts';
import { Recent } from './recent.ts';

/** Edge of a small picture, in pixels. */
export const SMALL = 128;
/** Small pictures that are kept, in bytes. */
const KEPT_BYTES = 64 * 2 ** 20;
const YEAR = 31_536_000;

interface Encoded {
  readonly bytes: Uint8Array;
  readonly type: 'image/png' | 'image/webp';
}

export interface ImageRequest {
  readonly picture: string;
  /** Digest in the address. */
  readonly v: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

export type ImageReply =
  | { readonly status: 304; readonly headers: Headers }
  | {
      readonly status: 200;
      readonly body: Uint8Array;
      readonly type: Encoded['type'];
      readonly headers: Headers;
    };

/** The pictures of the indexes over HTTP, with what caches need to know. */
export class Images {
  private readonly host: Host;
  private readonly visibility: 'public' | 'private';
  private readonly small = new Recent<string, Encoded>(KEPT_BYTES);

  /** @param isPrivate no cache but the reader's own may keep them */
  constructor(host: Host, isPrivate: boolean) {
    this.host = host;
    this.visibility = isPrivate ? 'private' : 'public';
  }

  /** As stored. @throws ApiError `picture-unknown` */
  async image(request: ImageRequest): Promise<ImageReply & { type?: 'image/png' }> {
    const { image, digest, facts } = await this.host.picture(request.picture);
    return await this.reply(request, digest, facts.id, async () => ({
      bytes: await image(),
      type: 'image/png' as const,
    }));
  }

  /** @throws ApiError `picture-unknown` */
  async thumbnail(request: ImageRequest): Promise<ImageReply> {
    const { image, digest, facts } = await this.host.picture(request.picture);
    return await this.reply(request, digest, `${facts.id}-${SMALL}`, async () => {
      const key = `${digest} ${facts.id}`;
      const known = this.small.get(key);
      if (known !== undefined) return known;
      const made = await smallOf(await image());
      this.small.set(key, made, made.bytes.length);
      return made;
    });
  }

  private async reply<Type extends Encoded['type']>(
    { v, ifNoneMatch }: ImageRequest,
    digest: string,
    what: string,
    read: () => Promise<{ readonly bytes: Uint8Array; readonly type: Type }>,
  ): Promise<
    | { readonly status: 304; readonly headers: Headers }
    | { readonly status: 200; readonly body: Uint8Array; readonly type: Type; readonly headers: Headers }
  > {
    const tag = `"${digest}-${what}"`;
    const headers = {
      etag: tag,
      'cache-control': v === digest ? `${this.visibility}, max-age=${YEAR}, immutable` : `${this.visibility}, no-cache`,
    };
    if (matches(ifNoneMatch, tag)) return { status: 304, headers };
    const { bytes, type } = await read();
    return { status: 200, body: bytes, type, headers };
  }
}

/** If-None-Match (RFC 9110 §13.1.2): any of the tags, compared weakly. */
export const matches = (ifNoneMatch: string | undefined, tag: string): boolean =>
  (ifNoneMatch ?? '').split(',').some((each) => [tag, '*'].includes(each.trim().replace(/^W\//, '')));

/** WebP, unless the stored picture is small already: tiny pictures are as they are, without loss. */
async function smallOf(png: Uint8Array): Promise<Encoded> {
  const { width = 0 } = await libvips()(png).metadata();
  if (width <= SMALL / 2) return { bytes: png, type: 'image/png' };
  const bytes = await libvips()(png)
    .resize(SMALL, SMALL, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 82 })
    .toBuffer();
  return { bytes, type: 'image/webp' };
}
