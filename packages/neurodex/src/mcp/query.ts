import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NeurodexError } from '@neurodex/core';
import { readPictureFile } from '@neurodex/datasets/image';
import { z } from 'zod';
import type { QueryKind } from '../query/query.ts';
import { bytesOfBase64 } from '../server/base64.ts';
import type { Sent } from '../server/uploads.ts';
import { refused } from './failure.ts';
import type { McpServices } from './services.ts';

/** Words that are added to a query, at most, and as many that are taken from it. */
const MOST_WORDS = 16;
const words = z.array(z.string()).max(MOST_WORDS).default([]);

/** With what a search can be made: exactly one of them. */
const QUERY = z.strictObject({
  file: z.string().min(1).optional().describe('path of a picture file on this machine'),
  image: z.string().min(1).optional().describe('a picture file as base64 (JPEG, PNG, WebP, AVIF, GIF or TIFF)'),
  picture: z.string().min(1).optional().describe('id of a picture of an index, as results name it: <index>.<number>'),
  text: z.string().optional().describe('words; only where the index takes words'),
});

export type Query = z.output<typeof QUERY>;

/** The fields of a query. Over HTTP there is no `file`: the caller's paths are not this machine's. */
export const querySchema = ({ isLocal }: Pick<McpServices, 'isLocal'>) =>
  isLocal ? QUERY : QUERY.omit({ file: true });

export const wordsSchema = z.strictObject({
  plus: words.describe('words that are added to the query'),
  minus: words.describe('words that are taken from the query'),
});

/** The index that a call is about, with what can be said of each. */
export const indexSchema = ({ ids, host }: Pick<McpServices, 'ids' | 'host'>) => {
  const facts = host.indexes.map(({ id, card }) => {
    const takes = card.textSystems.length > 0 ? 'takes pictures and words' : 'takes pictures';
    return `${id} (${card.catalogue} pictures, ${takes})`;
  });
  return z.strictObject({
    index: z
      .enum(ids)
      .default(ids[0])
      .describe(`the index: ${facts.join('; ')}`),
  });
};

/** @throws ApiError `query-empty`, `parameter-invalid`, `body-malformed`; NeurodexError `picture-*` */
export async function sentOf(query: Query, services: Pick<McpServices, 'isLocal' | 'limits'>): Promise<Sent> {
  const { file, image, picture, text } = query;
  const given = [file, image, picture, text].filter((value) => value !== undefined).length;
  const fields = services.isLocal ? 'file, image, picture or text' : 'image, picture or text';
  if (given === 0) throw refused('query-empty', 'there is nothing to search for', `give one of ${fields}`);
  if (given > 1) {
    throw refused('parameter-invalid', 'a search has one query', `give one of ${fields}; words go with it as plus`);
  }
  if (picture !== undefined) return { picture };
  if (text !== undefined) return { text };
  return { bytes: await pictureBytes(query, services) };
}

export const kindOf = (sent: Sent, { plus, minus }: z.output<typeof wordsSchema>): QueryKind =>
  plus.length + minus.length > 0 ? 'composed' : 'text' in sent ? 'text' : 'picture';

/** @throws ApiError `body-malformed`, `body-too-large`; NeurodexError `picture-*` */
export async function pictureBytes(
  { file, image = '' }: Pick<Query, 'file' | 'image'>,
  { limits, isLocal }: Pick<McpServices, 'limits' | 'isLocal'>,
): Promise<Uint8Array> {
  if (file !== undefined && isLocal) return await localPicture(file, limits.bodyBytes);
  // As browsers and models write it.
  const text = image.replace(/^data:[^,]*;base64,/, '').replace(/\s+/g, '');
  const bytes = bytesOfBase64(text);
  if (bytes === undefined) {
    throw refused('body-malformed', 'image is no base64', 'encode the bytes of a picture file, with padding');
  }
  if (bytes.length <= limits.bodyBytes) return bytes;
  throw refused(
    'body-too-large',
    `image has ${bytes.length} bytes, and the limit is ${limits.bodyBytes}`,
    'scale the picture down',
  );
}

/** A path as a person or a model writes it: also `~/…`, and an address `file://…`. */
export function localPath(given: string): string {
  if (/^file:\/\//i.test(given)) {
    try {
      return fileURLToPath(given);
    } catch (cause) {
      throw new NeurodexError('picture-missing', `${JSON.stringify(given)} is no file of this machine`, {
        hint: 'write its path',
        cause,
      });
    }
  }
  return given === '~' || given.startsWith('~/') ? join(homedir(), given.slice(2)) : resolve(given);
}

async function localPicture(file: string, most: number): Promise<Uint8Array> {
  const path = localPath(file);
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  if (size <= most) return await readPictureFile(path, file);
  throw new NeurodexError('picture-too-large', `${file} has ${size} bytes, and the limit is ${most}`, {
    hint: 'scale the picture down',
    details: { name: file },
  });
}
