import { Random } from '@neurodex/autograd';
import { numeric } from '../../identifiers/numeric.ts';
import { Trie } from '../../identifiers/trie.ts';
import { writeRows } from '../model/memory.ts';
import { PrefixTable } from '../model/prefix-table.ts';
import { MemorySearch } from './memory-search.ts';

/*
 * A memory, and by plain loops over identifiers and states, without rows or a trie, what a search in it should find.
 */

const { eos } = numeric.vocabulary;

export const unit = (values: readonly number[]): number[] => {
  const norm = Math.hypot(...values);
  return values.map((x) => x / norm);
};

export const randomUnit = (width: number, random: Random): number[] =>
  unit(Array.from({ length: width }, () => random.normal()));

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, d) => sum + x * (b[d] ?? NaN), 0);

/** log Σ exp */
export const logSum = (logs: readonly number[]): number => {
  const largest = Math.max(...logs);
  return largest + Math.log(logs.reduce((sum, x) => sum + Math.exp(x - largest), 0));
};

/**
 * @param states of the pictures, in the order of the identifiers; the catalogue rows are 3, 5, 7, …
 * @param earlier identifiers whose prefixes had rows before @param mostCompared as of `MemorySearch`
 */
export function memoryOf(
  identifiers: readonly string[],
  states: readonly (readonly number[])[],
  temperature: number,
  earlier: readonly string[] = [],
  mostCompared?: number,
) {
  const width = states[0]?.length ?? 0;
  const rowOf = (i: number): number => 2 * i + 3;
  const trie = new Trie(
    numeric,
    identifiers,
    identifiers.map((_, i) => rowOf(i)),
  );
  const before = earlier.length === 0 ? undefined : PrefixTable.create(new Trie(numeric, earlier), 'memory').stored;
  const table = before === undefined ? PrefixTable.create(trie, 'memory') : PrefixTable.extend(trie, before, 'memory');
  const rows = writeRows(table, Float32Array.from(states.flat()), width, (row) => (row - 3) / 2);
  const search = new MemorySearch(table, { rows, temperature }, width, mostCompared);
  /** τ·x·h of every picture, by row. */
  const logits = (query: readonly number[]): Map<number, number> =>
    new Map(states.map((state, i) => [rowOf(i), temperature * dot(state, query)]));

  const spelled = identifiers.map((each) => [...numeric.toTokens(each), eos]);
  const below = (prefix: readonly number[]): number[] =>
    spelled.flatMap((tokens, i) => (prefix.every((token, at) => tokens[at] === token) ? [i] : []));
  const children = (prefix: readonly number[]): number[][] =>
    [...new Set(below(prefix).map((i) => spelled[i]?.[prefix.length] ?? NaN))].map((token) => [...prefix, token]);
  const isSeveral = (prefix: readonly number[]): boolean => below(prefix).length > 1;
  const meanOf = (prefix: readonly number[]): number[] => {
    const all = below(prefix);
    return Array.from(
      { length: width },
      (_, d) => all.reduce((sum, i) => sum + (states[i]?.[d] ?? NaN), 0) / all.length,
    );
  };

  /** The rows of the pictures that a beam meets, and log Σ exp of the estimates of the prefixes that it does not look into. */
  const met = (query: readonly number[], beam: number): { readonly rows: Set<number>; readonly others: number } => {
    const found = new Set<number>();
    const closed: number[][] = [];
    const last: number[][] = [];
    const distance = (prefix: readonly number[]): number =>
      Math.hypot(...meanOf(prefix).map((x, d) => x - (query[d] ?? NaN)));
    const nearest = (prefixes: readonly number[][]): number[][] => {
      const sorted = [...prefixes].sort((a, b) => distance(a) - distance(b));
      closed.push(...sorted.slice(beam));
      return sorted.slice(0, beam);
    };
    /** Pictures are met at once; prefixes of several are returned. */
    const lookInto = (prefix: readonly number[]): number[][] => {
      for (const child of children(prefix)) if (!isSeveral(child)) for (const i of below(child)) found.add(rowOf(i));
      return children(prefix).filter(isSeveral);
    };
    const isLast = (prefix: readonly number[]): boolean => !children(prefix).some(isSeveral);
    let level: number[][] = [[]];
    if (isLast([])) [level, last[0]] = [[], []];
    while (level.length > 0) {
      const next = level.flatMap(lookInto);
      level = nearest(next.filter((prefix) => !isLast(prefix)));
      last.push(...next.filter(isLast));
    }
    for (const prefix of nearest(last)) lookInto(prefix);
    const estimates = closed.map((prefix) => {
      const mean = meanOf(prefix);
      const across = 1 - dot(mean, query) ** 2 / dot(mean, mean);
      const spread = temperature * Math.sqrt(((1 - dot(mean, mean)) * across) / (width - 1));
      const logCount = Math.log(below(prefix).length);
      const isFrozen = spread ** 2 >= 2 * logCount;
      return (
        temperature * dot(mean, query) + (isFrozen ? spread * Math.sqrt(2 * logCount) : logCount + spread ** 2 / 2)
      );
    });
    return { rows: found, others: estimates.length === 0 ? Number.NEGATIVE_INFINITY : logSum(estimates) };
  };
  return { search, logits, met, width };
}

/** States of pictures about centres, and the identifiers that say so: a digit for the centre, then numbers. */
export function clusters(count: number, each: number, width: number, spread: number, seed: number) {
  const random = Random.seeded(seed);
  const centres = Array.from({ length: count }, () => randomUnit(width, random));
  const near = (c: number): number[] => {
    const noise = Array.from({ length: width }, () => (spread * random.normal()) / Math.sqrt(width));
    return unit((centres[c] ?? []).map((x, d) => x + (noise[d] ?? NaN)));
  };
  const identifiers = centres.flatMap((_, c) => Array.from({ length: each }, (_, i) => `${c}${i}`));
  const states = centres.flatMap((_, c) => Array.from({ length: each }, () => near(c)));
  return { identifiers, states, near };
}
