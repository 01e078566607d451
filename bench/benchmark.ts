import type { ParseArgsConfig } from 'node:util';
import type { Machine } from './machine.ts';

/** One side of a comparison: its figures, or why it could not take part. */
export type Side = { readonly missing: string } | { readonly [figure: string]: unknown };

export interface Target {
  readonly name: string;
  /** Null when a side is missing, so that there is nothing to compare. */
  readonly value: number | null;
  readonly direction: 'at most' | 'at least';
  readonly bound: number;
  /** Null where `value` is. */
  readonly met: boolean | null;
}

export interface Outcome {
  readonly sides: Readonly<Record<string, Side>>;
  /** How many times one side's figure is another's; the name says which and of what. */
  readonly ratios: Readonly<Record<string, number | null>>;
  readonly targets: readonly Target[];
}

export interface BenchmarkContext {
  readonly machine: Machine;
  /** The values of the benchmark's own flags, as node:util's parseArgs gives them. */
  readonly flags: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  /** A line for the person who waits, on stderr. */
  log(message: string): void;
}

/** What a module `bench/NAME.ts` exports under the name `benchmark`. */
export interface Benchmark {
  /** The module's name without `.ts`. */
  readonly name: string;
  readonly description: string;
  /** Flags that it takes; any other is refused. */
  readonly flags?: NonNullable<ParseArgsConfig['options']>;
  run(context: BenchmarkContext): Promise<Outcome>;
}

/** What is printed on stdout, as one JSON object. */
export interface Report extends Outcome {
  readonly name: string;
  readonly machine: Machine;
}

export const atMost = (name: string, value: number | null, bound: number): Target => ({
  name,
  value,
  direction: 'at most',
  bound,
  met: value === null ? null : value <= bound,
});

export const atLeast = (name: string, value: number | null, bound: number): Target => ({
  name,
  value,
  direction: 'at least',
  bound,
  met: value === null ? null : value >= bound,
});

/** What several parts of a benchmark found, in their order. */
export const merged = (outcomes: readonly Outcome[]): Outcome => ({
  sides: Object.fromEntries(outcomes.flatMap(({ sides }) => Object.entries(sides))),
  ratios: Object.fromEntries(outcomes.flatMap(({ ratios }) => Object.entries(ratios))),
  targets: outcomes.flatMap(({ targets }) => targets),
});

/** `numerator / denominator`, or null where one of them is missing. */
export const ratio = (numerator: number | undefined, denominator: number | undefined): number | null =>
  numerator === undefined || denominator === undefined ? null : numerator / denominator;
