import { type AttentionProbe, knownRelevantRows, type SiteDescription, VOTERS } from 'neurodex/browser';
import {
  type Answer,
  EngineError,
  type IdentifierToken,
  type Progress,
  type Query,
  type ReferencePicture,
  type SearchResponse,
} from '../engine.ts';
import { type NetworkInput, queryOf } from './network.ts';
import { type OpenedSite, pictureOf, rowOf } from './opened-site.ts';
import { encoderPixelsOf, pixelsOf } from './pixels.ts';
import type { SiteFiles } from './site.ts';
import type { AskedPicture, SiteJudge } from './site-judge.ts';

/** The first answers come with their tokens. */
const EXPLAINED = 3;

export interface SearchOptions {
  readonly signal: AbortSignal | undefined;
  /** Told how much of the image encoder has come, for the first picture that it encodes. */
  readonly onProgress: (progress: Progress) => void;
}

/** The answers of the site's network to one query. @throws EngineError, or the signal's reason */
export async function searchSite(
  opened: OpenedSite,
  files: SiteFiles,
  query: Query,
  k: number,
  { signal, onProgress }: SearchOptions,
): Promise<SearchResponse> {
  const { site, system, pictures } = opened;
  const { picture: asked } = query;
  if (asked === null || query.text !== '' || query.minus.length > 0) throw picturesOnly();
  const stored = asked.kind === 'picture' ? pictures.get(rowOf(asked.picture)) : undefined;
  const relevant = stored === undefined ? null : knownRelevantRows(opened.labelled, stored);
  const input = await inputOf(opened, files, asked, onProgress);
  signal?.throwIfAborted();
  const started = performance.now();
  const ranked = queryOf(input);
  const [found = []] = await system.rank([ranked], opened.judge === undefined ? k : Math.max(k, VOTERS));
  const seconds = (performance.now() - started) / 1000;
  const pixels = (size: number) => squareOf(site, files, asked, input, size);
  const judged = await judgedBy(opened.judge, found, { query: ranked, pixels });
  const answers: Answer[] = [];
  for (const [i, { row, score, relevance = null }] of judged.answers.slice(0, k).entries()) {
    const picture = pictures.get(row);
    if (picture === undefined) throw new EngineError('damaged', `description.json has no picture in row ${row}`);
    signal?.throwIfAborted();
    answers.push({
      rank: i + 1,
      picture: pictureOf(picture, files),
      score,
      relevant: relevant?.has(row) ?? null,
      relevance,
      ...(i < EXPLAINED && opened.probe !== undefined
        ? { tokens: await tokensOf(opened.probe, input, picture.identifier ?? '') }
        : {}),
    });
  }
  return {
    index: site.name,
    k,
    query: {
      picture: stored === undefined ? null : String(stored.row),
      labels: stored === undefined ? null : [...stored.labels],
      text: null,
      plus: [],
      minus: [],
    },
    partial: false,
    results: [{ system: 'dsi', seconds, none: judged.none ?? null, nothingFound: judged.nothingFound, answers }],
  };
}

interface Judged {
  readonly answers: readonly { readonly row: number; readonly score: number; readonly relevance?: number }[];
  readonly none: number | undefined;
  readonly nothingFound: boolean;
}

/** Answers with what is known of their relevance, as the pages of a server have it. */
async function judgedBy(
  judge: SiteJudge | undefined,
  answers: Judged['answers'],
  asked: AskedPicture,
): Promise<Judged> {
  if (judge === undefined) return { answers, none: undefined, nothingFound: false };
  return judge.judge('picture', answers, await judge.none(asked));
}

const picturesOnly = (): EngineError =>
  new EngineError('query-unsupported', 'this site searches with pictures alone', {
    hint: 'Search with words on a server: neurodex serve.',
  });

/** The query as the network reads it. A picture of the site has its embedding there, or is encoded by its thumbnail. */
async function inputOf(
  opened: OpenedSite,
  files: SiteFiles,
  query: ReferencePicture,
  onProgress: SearchOptions['onProgress'],
): Promise<NetworkInput> {
  const { site, encoder } = opened;
  if (encoder === undefined) return await queryPixels(site, files, query);
  const encode = async (file: Blob, name: string, maxPixels: number): Promise<Float32Array> =>
    await encoder.embed(await encoderPixelsOf(file, name, encoder.description, maxPixels), onProgress);
  if (query.kind === 'file') return await encode(query.file, query.file.name, site.maxPixels);
  const row = rowOf(query.picture);
  if (site.storesEmbeddings === true) return await files.embedding(row, encoder.length);
  return await encode(await files.thumbnail(row), query.picture.name, Number.POSITIVE_INFINITY);
}

/** @returns uint8 RGB [size, size, 3] */
async function queryPixels(site: SiteDescription, files: SiteFiles, query: ReferencePicture): Promise<Uint8Array> {
  const size = site.geometry.imageSize;
  if (query.kind === 'file') return await pixelsOf(query.file, query.file.name, size, site.maxPixels);
  const { picture } = query;
  return await pixelsOf(await files.picture(rowOf(picture)), picture.name, size, Number.POSITIVE_INFINITY);
}

/** The centre square of a query; of a picture of a site with an encoder, of its thumbnail. @returns uint8 RGB [size, size, 3] */
async function squareOf(
  site: SiteDescription,
  files: SiteFiles,
  query: ReferencePicture,
  input: NetworkInput,
  size: number,
): Promise<Uint8Array> {
  if (input instanceof Uint8Array && site.geometry.imageSize === size) return input;
  if (query.kind === 'file') return await pixelsOf(query.file, query.file.name, size, site.maxPixels);
  const { picture } = query;
  return await pixelsOf(await files.thumbnail(rowOf(picture)), picture.name, size, Number.POSITIVE_INFINITY);
}

async function tokensOf(probe: AttentionProbe, input: NetworkInput, identifier: string): Promise<IdentifierToken[]> {
  const tokens = await probe.look(input, identifier);
  return tokens.map(({ token, probability, rollout }) => ({ token, probability, attention: [...rollout.patches] }));
}
