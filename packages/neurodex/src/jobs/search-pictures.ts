import { encodePng } from '@neurodex/datasets/image';
import type { PictureQuery, Query } from '../query/query.ts';
import { smallJpeg } from '../report/small-jpeg.ts';
import type { SearchResult } from './search.ts';

/** Answers of a query whose pictures are shown, and pictures of all: more would take long to open. */
export const MOST_ANSWERS = 200;
const MOST_PICTURES = 5000;

/** The answers to a query, as long as what was searched is open. */
export interface Answered extends Omit<SearchResult, 'query'> {
  /** The picture of the answer at a place, PNG. */
  readonly thumbnail: (i: number) => Promise<Uint8Array>;
}

/** Small pictures of a query and its first answers, JPEG. */
export interface ResultPictures {
  /** Null where words were asked with alone. */
  readonly query: Uint8Array | null;
  /** Of the first answers: all, but for very many. */
  readonly answers: readonly Uint8Array[];
}

/** Gathers the pictures of results, one result after the other. */
export class PictureGatherer {
  readonly gathered: ResultPictures[] = [];
  private left = MOST_PICTURES;

  async add(query: Query, { answers, thumbnail }: Pick<Answered, 'answers' | 'thumbnail'>): Promise<void> {
    const asked = pictureIn(query);
    const count = Math.min(answers.length, MOST_ANSWERS, this.left);
    this.left -= count;
    const pictures: Uint8Array[] = [];
    for (let i = 0; i < count; i++) pictures.push(await smallJpeg(await thumbnail(i)));
    this.gathered.push({ query: asked === undefined ? null : await queryJpeg(asked), answers: pictures });
  }
}

/** The picture that a query asks with, if it has one. */
function pictureIn(query: Query): PictureQuery | undefined {
  if (query.kind === 'picture') return query;
  if (query.kind === 'text') return undefined;
  for (const part of query.parts) if (part.query.kind === 'picture') return part.query;
  return undefined;
}

async function queryJpeg(query: PictureQuery): Promise<Uint8Array> {
  const { size, pixels } = await query.thumbnail();
  return await smallJpeg(encodePng(pixels, size, size, 3));
}
