import { NeurodexError } from '@neurodex/core';
import { refusePromiseAmong, type Selection } from '../jobs/answering.ts';
import { SYSTEM_NAMES, type SystemName } from '../query/system.ts';
import type { SearchOptions } from './index-options.ts';
import type { SearchAnswer, SearchResult } from './results.ts';
import type { SearchQuery } from './search-query.ts';
import type { VersionAnswers } from './version.ts';

/** Answers that a search has by default. */
const ANSWERS = 10;

/**
 * What a search selects, once it is known which system takes the query.
 * @throws NeurodexError `usage` for a number that is none
 */
export function selectionOf({
  k = ANSWERS,
  system,
  minRelevance,
  confidence,
  all,
  where,
}: SearchOptions): (byDefault: SystemName | undefined) => Selection {
  if (!Number.isSafeInteger(k) || k < 1) throw wrong('k', k, 'a whole number of 1 or more');
  if (minRelevance !== undefined && !(minRelevance >= 0 && minRelevance <= 1))
    throw wrong('minRelevance', minRelevance, 'a number from 0 to 1');
  if (confidence !== undefined && !(confidence > 0 && confidence < 1))
    throw wrong('confidence', confidence, 'a number between 0 and 1');
  refusePromiseAmong({ where, confidence });
  if (system !== undefined && !SYSTEM_NAMES.includes(system)) throw wrong('system', system, SYSTEM_NAMES.join(' or '));
  return (byDefault) => ({
    ...{ system: system ?? byDefault ?? 'dsi', k },
    ...(minRelevance === undefined ? {} : { minRelevance }),
    ...(confidence === undefined ? {} : { confidence }),
    ...(all === undefined ? {} : { all }),
    ...(where === undefined ? {} : { where }),
  });
}

const wrong = (name: string, value: unknown, allowed: string): NeurodexError =>
  new NeurodexError('usage', `${name} must be ${allowed}, not ${String(value)}`, {
    hint: `give ${name} such a value, or leave it out`,
    details: { option: name },
  });

/** What a search found. */
export class FoundAnswers<Query extends SearchQuery> implements SearchResult<Query> {
  readonly query: Query;
  readonly system: SystemName;
  readonly answers: readonly SearchAnswer[];
  readonly none: number | null;
  readonly nothingFound: boolean;

  constructor(query: Query, system: SystemName, { answers, none, nothingFound }: VersionAnswers) {
    this.query = query;
    this.system = system;
    this.answers = answers;
    this.none = none;
    this.nothingFound = nothingFound;
  }

  [Symbol.iterator](): Iterator<SearchAnswer> {
    return this.answers[Symbol.iterator]();
  }
}
