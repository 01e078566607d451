import { NeurodexError } from '@neurodex/core';
import type { PictureStore } from '../pictures/picture-store.ts';
import { pathOf } from './documents.ts';
import type { EvaluationQuery } from './queries.ts';

/** A catalogue and what is asked of it, under the name by which the user knows it. */
export interface Asked {
  readonly name: string;
  readonly store: PictureStore;
  readonly queries: readonly EvaluationQuery[];
}

/**
 * Systems can be compared where they answer the same queries over the same catalogue.
 * @throws NeurodexError `queries-differ` saying what differs
 */
export function refuseDifferentQueries(a: Asked, b: Asked): void {
  const names = ({ queries }: Asked): Set<string> => new Set(queries.map(({ name }) => name));
  const documents = ({ store }: Asked): Set<string> => new Set(store.catalogue.map(({ path }) => path));
  const difference =
    setsDiffer('queries', names(a), names(b), a, b) ??
    setsDiffer('catalogue pictures', documents(a), documents(b), a, b) ??
    judgementsDiffer(a, b) ??
    contentsDiffer(a, b);
  if (difference === undefined) return;
  throw new NeurodexError('queries-differ', `${a.name} and ${b.name} cannot be compared: ${difference}`, {
    hint: 'compare indexes of the same pictures with the same split (the same source, seed, split.* keys and text.withheld)',
    details: { first: a.name, second: b.name },
  });
}

function setsDiffer(what: string, ofA: Set<string>, ofB: Set<string>, a: Asked, b: Asked): string | undefined {
  const only = (mine: Set<string>, others: Set<string>, { name }: Asked): string[] => {
    const missing = [...mine].filter((one) => !others.has(one));
    return missing.length === 0 ? [] : [`${missing.length} only in ${name} (${missing[0]} among them)`];
  };
  const parts = [...only(ofA, ofB, a), ...only(ofB, ofA, b)];
  return parts.length === 0 ? undefined : `their ${what} differ, ${parts.join(', ')}`;
}

function judgementsDiffer(a: Asked, b: Asked): string | undefined {
  const others = new Map(b.queries.map((query) => [query.name, query]));
  for (const query of a.queries) {
    const relevant = new Set([...query.relevant].map((row) => pathOf(a.store, row)));
    const theirs = others.get(query.name)?.relevant ?? new Set<number>();
    if (relevant.size === theirs.size && [...theirs].every((row) => relevant.has(pathOf(b.store, row)))) continue;
    return `other pictures are relevant to ${query.name} (${relevant.size} in ${a.name}, ${theirs.size} in ${b.name})`;
  }
  return undefined;
}

function contentsDiffer(a: Asked, b: Asked): string | undefined {
  const others = new Map(b.queries.map((query) => [query.name, query]));
  const isSize = a.store.size === b.store.size;
  const other = a.queries.find((query) => !isSame(query, others.get(query.name) ?? query, isSize));
  return other === undefined ? undefined : `the query ${other.name} is another ${KIND_IN_WORDS[other.kind]} in each`;
}

const KIND_IN_WORDS = { picture: 'picture', text: 'text' } as const;

/** Pictures of two sizes cannot be compared byte by byte, and then their names must do. */
function isSame(a: EvaluationQuery, b: EvaluationQuery, isSize: boolean): boolean {
  if (a.kind === 'text' || b.kind === 'text') return a.kind === 'text' && b.kind === 'text' && a.text === b.text;
  return !isSize || Buffer.compare(a.pixels, b.pixels) === 0;
}
