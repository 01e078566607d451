import type { ContentBlock } from '@modelcontextprotocol/server';
import { libvips } from '@neurodex/datasets/image';
import { ApiError } from '../server/api/problems.ts';
import type { McpServices } from './services.ts';

/** Bytes of all small pictures in one result: the client in Python reads 1 MiB at most, in which they are base64. */
const MOST_BYTES = 512 * 1024;
/** Of one picture that is viewed. */
const VIEWED_BYTES = 640 * 1024;
/** Edge of a viewed picture that has more, in pixels; and how well it is encoded, the worse only where it still has too many. */
const VIEWED_EDGE = 1024;
const QUALITIES = [85, 60, 40] as const;

const NO_CACHE = { v: undefined, ifNoneMatch: undefined };

export interface Shown {
  /** Id of a picture. */
  readonly picture: string;
  /** What is said of it. */
  readonly caption: string;
}

export const imageContent = (bytes: Uint8Array, mimeType: string): ContentBlock => ({
  type: 'image',
  data: Buffer.from(bytes).toString('base64'),
  mimeType,
});

/** Small pictures, each behind its caption, as many as there is room for. One that was removed meanwhile is left out. */
export async function thumbnailsOf(
  pictures: readonly Shown[],
  { images }: Pick<McpServices, 'images'>,
): Promise<ContentBlock[]> {
  const content: ContentBlock[] = [];
  let left = MOST_BYTES;
  for (const { picture, caption } of pictures) {
    const reply = await images.thumbnail({ picture, ...NO_CACHE }).catch((error: unknown) => {
      if (error instanceof ApiError && error.code === 'picture-unknown') return undefined;
      throw error;
    });
    if (reply === undefined || reply.status !== 200) continue;
    left -= reply.body.length;
    if (left < 0) break;
    content.push({ type: 'text', text: caption }, imageContent(reply.body, reply.type));
  }
  return content;
}

/** A picture as it is stored, PNG; as a smaller JPEG where that has too many bytes. */
export async function viewed(png: Uint8Array): Promise<{
  readonly bytes: Uint8Array;
  readonly mimeType: 'image/png' | 'image/jpeg';
  readonly width: number;
  readonly height: number;
}> {
  const { width, height } = await libvips()(png).metadata();
  if (png.length <= VIEWED_BYTES) return { bytes: png, mimeType: 'image/png', width, height };
  const small = libvips()(png)
    .resize(VIEWED_EDGE, VIEWED_EDGE, { fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#fff' });
  let encoded = await small.clone().jpeg({ quality: QUALITIES[0] }).toBuffer({ resolveWithObject: true });
  for (const quality of QUALITIES.slice(1)) {
    if (encoded.data.length <= VIEWED_BYTES) break;
    encoded = await small.clone().jpeg({ quality }).toBuffer({ resolveWithObject: true });
  }
  const { data, info } = encoded;
  return { bytes: data, mimeType: 'image/jpeg', width: info.width, height: info.height };
}
