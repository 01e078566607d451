import type { QueryKind } from '../query/query.ts';
import type { SystemName } from '../query/system.ts';
import type { AnswerJudge } from '../relevance/answer-judge.ts';
import { VOTERS } from '../relevance/votes.ts';
import type { Waiting } from './batcher.ts';
import type { Hosted, HostedRanking } from './hosted.ts';
import { TELLERS } from './judging.ts';
import type { PlainQuery } from './ranker.ts';

/** How many answers are wanted, and which. */
export interface Selection {
  readonly k: number;
  /** Only pictures that a filter takes. */
  readonly where?: string | undefined;
  /** Answers that are less likely relevant are left out. */
  readonly minRelevance?: number | undefined;
  /** In place of the k best, the fewest of which one is relevant with such a probability. */
  readonly confidence?: number | undefined;
}

/** What one system found. */
export interface Found {
  readonly system: SystemName;
  readonly seconds: number;
  /** Null where nobody knows. */
  readonly none: number | null;
  readonly nothingFound: boolean;
  readonly answers: readonly FoundAnswer[];
  /** Whether a part of the catalogue did not answer. */
  readonly partial: boolean;
  /** What is known of the pictures of the answers, by row, where that came with them. */
  readonly facts: HostedRanking['facts'];
}

export interface FoundAnswer {
  /** From 1, among all answers of the system. */
  readonly rank: number;
  readonly row: number;
  readonly score: number;
  /** Null where nobody knows. */
  readonly relevance: number | null;
}

const kindOf = ({ words }: Pick<PlainQuery, 'words'>): QueryKind => {
  if (words === undefined) return 'picture';
  return words.text !== undefined && words.plus.length + words.minus.length === 0 ? 'text' : 'composed';
};

/** Whether it will be asked how likely nothing is relevant. */
export const wantsNone = ({ judging }: Hosted, systems: readonly SystemName[], kind: QueryKind): boolean =>
  judging.knowsNone && kind === 'picture' && systems.some((system) => judging.judge(system, kind) !== undefined);

/**
 * Asks every system, and judges their answers. How likely nothing is relevant depends on the query alone: it is computed once, with
 * the answers of a system that makes most of what it takes, or by itself.
 */
export function askSystems(
  hosted: Hosted,
  systems: readonly SystemName[],
  query: PlainQuery,
  selection: Selection,
  waiting: Waiting,
): Promise<Found>[] {
  const started = performance.now();
  const kind = kindOf(query);
  const needed = wantsNone(hosted, systems, kind);
  const teller = needed ? TELLERS.find((system) => systems.includes(system)) : undefined;
  const asked = systems.map((system) => {
    const judge = hosted.judging.judge(system, kind);
    const { where } = selection;
    // All pictures vote, also those that the filter leaves out: what was calibrated is their votes.
    const k = judge === undefined ? selection.k : Math.max(where === undefined ? selection.k : 1, VOTERS);
    const told = system === teller ? { ...query, none: true } : query;
    const ranking = hosted.rank(system, judge === undefined ? { ...told, where } : told, k, waiting);
    const left =
      judge === undefined || where === undefined
        ? undefined
        : hosted.rank(system, { ...query, where }, selection.k, waiting);
    left?.catch(() => {});
    return { system, judge, ranking, left };
  });
  const none = needed
    ? (asked.find(({ system }) => system === teller)?.ranking.then((ranking) => ranking.none) ??
      hosted.none(query, waiting))
    : Promise.resolve(undefined);
  // Whoever is refused before the others need this tells why.
  none.catch(() => {});
  return asked.map(async ({ system, judge, ranking, left }) => {
    const { answers, partial = false, facts } = await ranking;
    const found =
      judge === undefined
        ? unjudged({ answers, none: undefined }, selection.k)
        : judged(judge, kind, { answers, none: await none }, { ...selection, left: (await left)?.answers });
    return { system, ...found, partial, facts, seconds: (performance.now() - started) / 1000 };
  });
}

type Judged = Pick<Found, 'none' | 'nothingFound' | 'answers'>;

const unjudged = ({ answers }: HostedRanking, k: number): Judged => ({
  none: null,
  nothingFound: false,
  answers: answers.slice(0, k).map(({ row, score }, i) => ({ rank: i + 1, row, score, relevance: null })),
});

function judged(
  judge: AnswerJudge,
  kind: QueryKind,
  ranking: HostedRanking,
  { k, minRelevance, confidence, left }: Selection & { readonly left: HostedRanking['answers'] | undefined },
): Judged {
  const all = judge.judge(kind, ranking.answers, ranking.none, left);
  const ranks = new Map(all.answers.map(({ row }, i) => [row, i + 1]));
  const chosen =
    confidence === undefined
      ? all.answers.slice(0, k).filter(({ relevance }) => relevance >= (minRelevance ?? 0))
      : judge.confident(kind, all, confidence);
  return {
    none: all.none ?? null,
    nothingFound: all.nothingFound,
    answers: chosen.map(({ row, score, relevance }) => ({ rank: ranks.get(row) ?? NaN, row, score, relevance })),
  };
}
