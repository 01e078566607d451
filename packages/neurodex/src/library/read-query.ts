import { fileURLToPath } from 'node:url';
import { NeurodexError } from '@neurodex/core';
import { readPictureFile } from '@neurodex/datasets/image';
import { queryOf } from '../jobs/query.ts';
import type { ComposedQuery, PictureQuery, Query, TextQuery } from '../query/query.ts';
import { normaliseText } from '../text/normalise.ts';
import type { ComposedSource, PictureName, PictureSource, SearchQuery, TextSource } from './search-query.ts';
import type { Reading, StoredEntry } from './version.ts';

/** Where the pictures of a query are looked for. */
export interface QueryReader {
  readonly reading: Reading;
  /** @throws NeurodexError `picture-unknown` */
  entry(which: PictureName): Promise<StoredEntry>;
}

/** @throws NeurodexError `picture-*`, `text-*`, `usage` for what is no query */
export async function readQuery(asked: SearchQuery, reader: QueryReader): Promise<Query> {
  return isComposed(asked) ? await readComposed(asked, reader) : await readPart(asked, reader);
}

/** @throws NeurodexError `picture-*`, `usage` for what is no picture */
export async function readPictureQuery(asked: PictureSource, reader: QueryReader): Promise<PictureQuery> {
  if (isName(asked)) return await (await reader.entry(asked)).query();
  const { sizes, preprocessing } = reader.reading;
  const [bytes, name] = await bytesOf(asked);
  return await queryOf(bytes, name, sizes, preprocessing);
}

/** The bytes of a file that is not a picture of the index, and what it is called in messages. */
export async function bytesOf(
  asked: string | URL | Uint8Array,
  called?: string,
): Promise<[bytes: Uint8Array, name: string]> {
  if (asked instanceof Uint8Array) return [asked, called ?? 'the picture'];
  if (typeof asked !== 'string' && !(asked instanceof URL)) throw noQuery();
  const path = pathOf(asked);
  return [await readPictureFile(path, called ?? path), called ?? path];
}

/** The path of a file or folder that a user named. @throws NeurodexError `usage` for an address that is none */
export function pathOf(named: string | URL): string {
  const isAddress = named instanceof URL ? named.protocol !== 'file:' : /^[a-z][a-z0-9+.-]+:\/\//i.test(named);
  if (!isAddress) return named instanceof URL ? fileURLToPath(named) : named;
  throw new NeurodexError('usage', `${named} is not on this machine`, {
    hint: 'give the path of a file, or the bytes of one that was fetched',
  });
}

const isName = (asked: SearchQuery): asked is PictureName =>
  typeof asked === 'object' && asked !== null && ('name' in asked || 'id' in asked);
const isText = (asked: SearchQuery): asked is TextSource =>
  typeof asked === 'object' && asked !== null && 'text' in asked;
const isComposed = (asked: SearchQuery): asked is ComposedSource =>
  typeof asked === 'object' && asked !== null && 'plus' in asked;

async function readPart(asked: PictureSource | TextSource, reader: QueryReader): Promise<PictureQuery | TextQuery> {
  if (isText(asked)) return { kind: 'text', text: normaliseText(asked.text) };
  return await readPictureQuery(asked, reader);
}

type Part = PictureSource | TextSource;
const listOf = (parts: Part | readonly Part[]): readonly Part[] => (isList(parts) ? parts : [parts]);
const isList = (parts: Part | readonly Part[]): parts is readonly Part[] => Array.isArray(parts);

async function readComposed({ plus, minus = [] }: ComposedSource, reader: QueryReader): Promise<Query> {
  const [added, taken] = [listOf(plus), listOf(minus)];
  if (added.length + taken.length === 0) throw noQuery();
  const parts: ComposedQuery['parts'][number][] = [];
  for (const each of added) parts.push({ query: await readPart(each, reader), weight: 1 });
  for (const each of taken) parts.push({ query: await readPart(each, reader), weight: -1 });
  const [only, ...others] = parts;
  // A query by itself is calibrated, which a composed one is not.
  return only !== undefined && others.length === 0 && only.weight > 0 ? only.query : { kind: 'composed', parts };
}

const noQuery = (): NeurodexError =>
  new NeurodexError('usage', 'there is nothing to search for', {
    hint: "search with the path of a picture, its bytes, { text: 'words' }, { name } or { id } of a picture of the index, or { plus, minus }",
  });
