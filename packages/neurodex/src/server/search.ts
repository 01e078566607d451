import { NeurodexError } from '@neurodex/core';
import { readPicture } from '@neurodex/datasets/image';
import pLimit from 'p-limit';
import { parseFilter } from '../filter/parse.ts';
import type { QueryKind } from '../query/query.ts';
import type { SystemName } from '../query/system.ts';
import { normaliseText } from '../text/normalise.ts';
import { ApiError } from './api/problems.ts';
import type { QueryOf } from './api/routes.ts';
import type { IdentifierToken, PictureFacts, SearchAnswer, SearchResponse } from './api/schemas.ts';
import { tooSlow, type Waiting } from './batcher.ts';
import { decodeUpload } from './decode-upload.ts';
import type { Host } from './host.ts';
import type { Hosted } from './hosted.ts';
import { askSystems, type Found, type FoundAnswer, wantsNone } from './judged-search.ts';
import type { Limits } from './limits.ts';
import type { PlainQuery } from './ranker.ts';
import type { Sent } from './uploads.ts';

/** Searches that are explained at one time: a page asks for one, and it should not hold up the others. */
const EXPLAINED_AT_ONCE = 2;

interface ReadQuery {
  readonly query: PlainQuery;
  /** Where the picture is one of an index. */
  readonly stored: { readonly facts: PictureFacts; readonly relevant: ReadonlySet<number> | null } | undefined;
}

/** A search whose parameters are right. */
export interface Plan
  extends Pick<QueryOf<'search'>, 'k' | 'where' | 'minRelevance' | 'confidence' | 'explain' | 'explainCount'> {
  readonly hosted: Hosted;
  /** Those that were asked for; undefined: all that take the query. */
  readonly asked: readonly SystemName[] | undefined;
  /** As `normaliseText` leaves them. */
  readonly plus: readonly string[];
  readonly minus: readonly string[];
}

/** Answers searches: reads the picture, asks each system, and says what is known of the answers. */
export class Search {
  private readonly host: Host;
  private readonly limits: Limits;
  private readonly decoding: ReturnType<typeof pLimit>;
  private readonly explaining = pLimit(EXPLAINED_AT_ONCE);

  /** @param decoders pictures that are decoded at one time */
  constructor(host: Host, limits: Limits, decoders: number) {
    this.host = host;
    this.limits = limits;
    this.decoding = pLimit(decoders);
  }

  /** What can be said of a search before its picture is known. @param hosted the version that is searched @throws ApiError `index-unknown`, `parameter-invalid`; NeurodexError `text-*` */
  plan({ index, system, plus, minus, ...others }: QueryOf<'search'>, hosted = this.host.index(index)): Plan {
    checkSystems(hosted, system);
    if (others.minRelevance !== undefined && others.confidence !== undefined) throw bothFilters();
    checkFilter(hosted, others);
    return { ...others, hosted, asked: system, plus: plus.map(normaliseText), minus: minus.map(normaliseText) };
  }

  /** @throws ApiError; NeurodexError `picture-*` */
  async search(sent: Sent, plan: Plan, waiting: Waiting): Promise<SearchResponse> {
    const answered = this.answer(sent, plan, waiting);
    let timer: NodeJS.Timeout | undefined;
    // Whatever it is that takes so long, nobody is left to wait for it.
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(tooSlow()), Math.max(0, waiting.deadline - performance.now()));
    });
    try {
      return await Promise.race([answered, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private async answer(sent: Sent, plan: Plan, waiting: Waiting): Promise<SearchResponse> {
    const { hosted } = plan;
    const systems = systemsOf(sent, plan);
    const announced = systems.map((system) => hosted.announce(system));
    let read: ReadQuery;
    let asking: Promise<Found>[];
    try {
      read = await this.read(sent, plan, systems, waiting);
      asking = askSystems(hosted, systems, read.query, plan, waiting);
    } finally {
      for (const arrived of announced) arrived();
    }
    const found = await Promise.all(asking);
    return await responseOf(plan, read, found, await this.tokens(plan, read.query, found, waiting));
  }

  /** Of answers of dsi, by row. Where what the network reads has no place in the picture, there is nothing to show. */
  private async tokens(
    { explain, explainCount, hosted }: Plan,
    query: PlainQuery,
    found: readonly Found[],
    waiting: Waiting,
  ): Promise<ReadonlyMap<number, IdentifierToken[]>> {
    if (!explain || hosted.details.patchesPerSide === null || query.words !== undefined) return new Map();
    const answers = found.find(({ system }) => system === 'dsi')?.answers.slice(0, explainCount) ?? [];
    const tokens = await this.explain(hosted, query, answers, waiting);
    return new Map(answers.map(({ row }, i) => [row, tokens[i] ?? []]));
  }

  /** The picture of a query, and the words beside it or in its place. */
  private async read(
    sent: Sent,
    { hosted, plus, minus }: Plan,
    systems: readonly SystemName[],
    waiting: Waiting,
  ): Promise<ReadQuery> {
    if ('text' in sent) {
      const words = { text: normaliseText(sent.text), plus, minus };
      return { query: { pixels: new Uint8Array(), thumbnail: undefined, row: undefined, words }, stored: undefined };
    }
    const read = await this.readPicture(sent, hosted, systems, waiting);
    if (plus.length + minus.length === 0) return read;
    const { query, stored } = read;
    return {
      query: { ...query, words: { text: undefined, plus, minus } },
      // What is relevant to the picture need not be to what the words make of it.
      stored: stored === undefined ? undefined : { ...stored, relevant: null },
    };
  }

  private async readPicture(
    sent: Exclude<Sent, { readonly text: string }>,
    hosted: Hosted,
    systems: readonly SystemName[],
    waiting: Waiting,
  ): Promise<ReadQuery> {
    const readers = wantsNone(hosted, systems, 'picture') ? hosted.judging.readers : [];
    const withThumbnail = [...systems, ...readers].some((system) => hosted.lookAtThumbnails.has(system));
    if ('picture' in sent) {
      const { from, facts, image, asked } = await this.host.picture(sent.picture, hosted);
      if (from === hosted) {
        const { query, relevant } = await asked();
        return { query, stored: { facts, relevant } };
      }
      const decoded = await readPicture(await image(), {
        size: hosted.reading.size,
        thumbnail: hosted.reading.thumbnail,
        maxPixels: Number.POSITIVE_INFINITY,
        name: facts.id,
      });
      return {
        query: { pixels: decoded.picture.pixels, thumbnail: decoded.thumbnail, row: undefined },
        stored: { facts, relevant: null },
      };
    }
    return await this.decoding(async () => {
      if (waiting.gone || waiting.deadline < performance.now()) throw tooSlow();
      const query = await decodeUpload(sent.bytes, hosted.reading, this.limits, withThumbnail);
      return { query, stored: undefined };
    });
  }

  /** The tokens of each answer. */
  private explain(
    hosted: Hosted,
    query: PlainQuery,
    answers: readonly FoundAnswer[],
    waiting: Waiting,
  ): Promise<IdentifierToken[][]> {
    return this.explaining(async () => {
      if (waiting.gone || waiting.deadline < performance.now()) throw tooSlow();
      const pictures = await Promise.all(answers.map(({ row }) => hosted.picture(row)));
      const identifiers = pictures.map((picture) => picture?.identifier ?? '');
      const written = await hosted.explain(query, identifiers);
      return written.map((tokens) =>
        tokens.map(({ token, probability, rollout }) => ({
          token,
          probability,
          attention: [...rollout.patches],
        })),
      );
    });
  }
}

/** What goes over the wire. @param tokens of answers of dsi, by row */
async function responseOf(
  { hosted, k, plus, minus }: Plan,
  { query, stored }: ReadQuery,
  found: readonly Found[],
  tokens: ReadonlyMap<number, IdentifierToken[]>,
): Promise<SearchResponse> {
  const answered = async ({ system, facts }: Found, { row, ...answer }: FoundAnswer): Promise<SearchAnswer[]> => {
    const picture = facts?.get(row) ?? (await hosted.picture(row));
    // One that is being removed by now.
    if (picture === undefined) return [];
    const explained = system === 'dsi' ? tokens.get(row) : undefined;
    const relevant = stored?.relevant?.has(row) ?? null;
    return [{ ...answer, picture, relevant, ...(explained === undefined ? {} : { tokens: explained }) }];
  };
  return {
    index: hosted.id,
    k,
    query: {
      picture: stored?.facts.id ?? null,
      labels: stored?.facts.labels ?? null,
      text: query.words?.text ?? null,
      plus: [...plus],
      minus: [...minus],
    },
    partial: found.some(({ partial }) => partial),
    results: await Promise.all(
      found.map(async (one) => {
        const { system, seconds, none, nothingFound, answers } = one;
        const pictures = await Promise.all(answers.map((answer) => answered(one, answer)));
        return { system, seconds, none, nothingFound, answers: pictures.flat() };
      }),
    ),
  };
}

const bothFilters = (): ApiError =>
  new ApiError('parameter-invalid', 'minRelevance and confidence cannot be asked for together', {
    hint: 'minRelevance filters the k best answers; confidence returns a set of its own',
  });

/** @throws ApiError `parameter-invalid` for a filter that is wrong, or that cannot be */
function checkFilter({ id, shards }: Hosted, { where, confidence }: Pick<Plan, 'where' | 'confidence'>): void {
  if (where === undefined) return;
  try {
    parseFilter(where);
  } catch (error) {
    if (!(error instanceof NeurodexError)) throw error;
    const { message, hint } = error;
    throw new ApiError('parameter-invalid', message, { cause: error, ...(hint === undefined ? {} : { hint }) });
  }
  if (shards !== undefined) {
    throw new ApiError('parameter-invalid', `the index ${id} is in shards, which are searched without a filter`, {
      hint: 'leave where out',
    });
  }
  if (confidence === undefined) return;
  throw new ApiError(
    'parameter-invalid',
    'a confidence is promised of the whole catalogue, not of what a filter takes',
    {
      hint: 'leave confidence out, and ask with minRelevance',
    },
  );
}

/** @throws ApiError `parameter-invalid` for a system that the index does not have */
function checkSystems(hosted: Hosted, asked: readonly SystemName[] | undefined): void {
  const missing = asked?.find((system) => !hosted.has(system));
  if (missing === undefined) return;
  throw new ApiError('parameter-invalid', `the index ${hosted.id} was made without ${missing}`, {
    hint: `it has ${hosted.systems.join(', ')}`,
  });
}

/**
 * Who answers: whoever was asked, or all that take the query; where answers are chosen by their relevance, all that know it.
 * @throws NeurodexError `query-unsupported`; ApiError `parameter-invalid` where answers that are to be chosen have no relevance
 */
function systemsOf(sent: Sent, { hosted, asked, plus, minus, minRelevance, confidence }: Plan): readonly SystemName[] {
  const kind = plus.length + minus.length > 0 ? 'composed' : 'text' in sent ? 'text' : 'picture';
  const systems = asked ?? hosted.systemsFor(kind);
  for (const system of systems.length > 0 ? systems : hosted.systems) hosted.refuseUnaccepted(system, kind);
  if (minRelevance === undefined && confidence === undefined) return systems;
  const judged = systems.filter((system) => hosted.judging.judge(system, kind) !== undefined);
  if (judged.length > 0 && (asked === undefined || judged.length === asked.length)) return judged;
  const filter = confidence === undefined ? 'minRelevance' : 'confidence';
  const others = systems.filter((system) => !judged.includes(system));
  throw notCalibrated(filter, hosted.id, others, kind);
}

const KINDS: Readonly<Record<QueryKind, string>> = {
  picture: 'pictures',
  text: 'words',
  composed: 'several queries together',
};

const notCalibrated = (filter: string, id: string, systems: readonly SystemName[], kind: QueryKind): ApiError =>
  new ApiError(
    'parameter-invalid',
    `${filter} cannot choose answers of ${systems.join(', ')} in ${id}: they are not calibrated for ${KINDS[kind]}`,
    { hint: `leave ${filter} out; GET /v1/indexes/${id} says what is calibrated` },
  );
