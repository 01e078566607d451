import { knownRelevantRows } from 'neurodex/browser';
import {
  type Answer,
  EngineError,
  type IdentifierToken,
  type Query,
  type ReferencePicture,
  type SearchResponse,
} from '../engine.ts';
import { pixelQuery } from './network.ts';
import { type OpenedSite, pictureOf, rowOf } from './opened-site.ts';
import { pixelsOf } from './pixels.ts';
import type { SiteFiles } from './site.ts';

/** The first answers come with their tokens. */
const EXPLAINED = 3;

/** The answers of the site's network to one query. @throws EngineError, or the signal's reason */
export async function searchSite(
  opened: OpenedSite,
  files: SiteFiles,
  query: Query,
  k: number,
  signal: AbortSignal | undefined,
): Promise<SearchResponse> {
  const { site, system, pictures } = opened;
  const { picture: asked } = query;
  if (asked === null || query.text !== '' || query.minus.length > 0) throw picturesOnly();
  const stored = asked.kind === 'picture' ? pictures.get(rowOf(asked.picture)) : undefined;
  const relevant = stored === undefined ? null : knownRelevantRows(opened.labelled, stored);
  const pixels = await queryPixels(opened, files, asked);
  signal?.throwIfAborted();
  const started = performance.now();
  const [ranked = []] = await system.rank([pixelQuery(pixels)], k);
  const seconds = (performance.now() - started) / 1000;
  const answers: Answer[] = [];
  for (const [i, { row, score }] of ranked.entries()) {
    const picture = pictures.get(row);
    if (picture === undefined) throw new EngineError('damaged', `description.json has no picture in row ${row}`);
    signal?.throwIfAborted();
    answers.push({
      rank: i + 1,
      picture: pictureOf(picture, files),
      score,
      relevant: relevant?.has(row) ?? null,
      ...(i < EXPLAINED ? { tokens: await tokensOf(opened, pixels, picture.identifier ?? '') } : {}),
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
    results: [{ system: 'dsi', seconds, answers }],
  };
}

const picturesOnly = (): EngineError =>
  new EngineError('query-unsupported', 'this site searches with pictures alone', {
    hint: 'Search with words on a server: neurodex serve.',
  });

/** The query as the network sees it. @returns uint8 RGB [size, size, 3] */
async function queryPixels({ site }: OpenedSite, files: SiteFiles, query: ReferencePicture): Promise<Uint8Array> {
  const size = site.geometry.imageSize;
  if (query.kind === 'file') return await pixelsOf(query.file, query.file.name, size, site.maxPixels);
  const { picture } = query;
  return await pixelsOf(await files.picture(rowOf(picture)), picture.name, size, Number.POSITIVE_INFINITY);
}

async function tokensOf({ probe }: OpenedSite, pixels: Uint8Array, identifier: string): Promise<IdentifierToken[]> {
  const tokens = await probe.look(pixels, identifier);
  return tokens.map(({ token, probability, rollout }) => ({ token, probability, attention: [...rollout.patches] }));
}
