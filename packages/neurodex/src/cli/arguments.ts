import { DEVICES } from '@neurodex/autograd';
import { NeurodexError } from '@neurodex/core';
import { TRACKER_NAMES } from '@neurodex/tracking';
import { nearest } from '../configuration/nearest.ts';
import { type ParsedMeasure, parseMeasure } from '../evaluation/registry.ts';
import type { AskedName, Split } from '../jobs/evaluate-index.ts';
import { DUPLICATE_KINDS } from '../pictures/duplicate-facts.ts';
import { SYSTEM_NAMES } from '../query/system.ts';

export { SYSTEM_NAMES };
export const SPLITS: readonly Split[] = ['test', 'validation'];
export const ASKED: readonly AskedName[] = ['picture', 'text', 'all'];
/** Seeds are 32 bits wide: a larger one would be the same as a smaller one. */
const LARGEST_SEED = 2 ** 32 - 1;

const refuse = (flag: string, value: string, what: string, hint: string): NeurodexError =>
  new NeurodexError('usage', `${flag} must be ${what}, not ${JSON.stringify(value)}`, {
    hint,
    details: { flag, value },
  });

/** A parser of whole numbers, written in digits. */
export const wholeNumber =
  (flag: string, least: number, most = Number.MAX_SAFE_INTEGER, example = 10) =>
  (text: string): number => {
    const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`;
    throw refuse(flag, text, `an integer ${range}`, `write ${flag} ${example}`);
  };

/** A parser of probabilities, 0 to 1. */
export const share =
  (flag: string, example: number) =>
  (text: string): number => {
    const value = /^[0-9]*\.?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= 0 && value <= 1) return value;
    throw refuse(flag, text, 'a number from 0 to 1', `write ${flag} ${example}`);
  };

export const parseSeed = wholeNumber('--seed', 0, LARGEST_SEED, 7);

/** What a shell completes as the value of a flag. */
export interface Suggested {
  readonly words: readonly string[];
  /** Whether several are given, separated by commas. */
  readonly isList: boolean;
}

/** A parser whose flag takes these words, or others as well. */
export const suggesting = <Parser extends (...given: never[]) => unknown>(
  parser: Parser,
  words: readonly string[],
  isList = false,
): Parser & Suggested => Object.assign(parser, { words, isList });

/** A parser of one of a few words. */
export const oneOf = <T extends string>(flag: string, values: readonly T[]) =>
  suggesting((text: string): T => {
    const found = values.find((value) => value === text);
    if (found !== undefined) return found;
    throw refuse(flag, text, values.join(' or '), `did you mean ${flag} ${nearest(text, values)}?`);
  }, values);

export const parseDevice = oneOf('--device', DEVICES);

/** A parser of words separated by commas; the flag may also be repeated. In the order given, each once. */
const someOf = <T extends string>(flag: string, values: readonly T[]) =>
  suggesting(
    (text: string, before: readonly T[] = []): readonly T[] => [
      ...new Set([...before, ...text.split(',').map((name) => oneOf(flag, values)(name.trim()))]),
    ],
    values,
    true,
  );

export const parseSystems = someOf('--systems', SYSTEM_NAMES);
export const parseKinds = someOf('--kinds', DUPLICATE_KINDS);
export const parseTrackers = someOf('--track', TRACKER_NAMES);

/** Measures by their ir_measures names, separated by blanks or commas; the flag may also be repeated. Each once. */
export function parseMeasures(text: string, before: readonly ParsedMeasure[] = []): readonly ParsedMeasure[] {
  const names = text.split(/[\s,]+/).filter((name) => name !== '');
  if (names.length === 0) {
    throw refuse('--measures', text, 'names of measures', 'write --measures "AP@10 RR"');
  }
  const asked = [...before, ...names.map(parseMeasure)];
  return asked.filter(({ label }, i) => asked.findIndex((other) => other.label === label) === i);
}

const isBlank = (value: string): boolean => value.trim() === '';
/** Where empty arguments come from. */
const UNSET = 'a shell leaves an empty one where a variable is not set';

/**
 * Refuses an empty argument of any command, or one of blanks: as a path, it would be the current folder.
 * @param argumentNames of the command, in order; the last one may stand for several
 * @throws NeurodexError `usage`
 */
export function refuseBlankArguments(values: readonly string[], argumentNames: readonly string[]): void {
  const at = values.findIndex(isBlank);
  if (at < 0) return;
  const name = (argumentNames[at] ?? argumentNames.at(-1) ?? 'argument').toUpperCase();
  throw new NeurodexError('usage', `${name} is ${JSON.stringify(values[at])}, which names nothing`, {
    hint: `write what it names; ${UNSET}, and the current folder is .`,
    details: { argument: name, value: values[at] ?? '' },
  });
}

/** Whether a name is the address of a store, and no path. */
export const isAddress = (name: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(name);

/** A text that is not another flag: `--out --force` is a slip, and no folder is called so (`./--force` is one). */
export const text =
  (flag: string) =>
  (value: string): string => {
    if (!isBlank(value) && !value.startsWith('--')) return value;
    throw new NeurodexError('usage', `${flag} needs a value, and ${JSON.stringify(value)} follows it`, {
      hint: `write a value after ${flag}${isBlank(value) ? `; ${UNSET}` : ''}`,
      details: { flag, value },
    });
  };

export const collected =
  (flag: string) =>
  (value: string, before: readonly string[] = []): readonly string[] => [...before, text(flag)(value)];

/** Of a dial that divides work by time: above 0, a fraction too. */
export function parseMinutes(value: string): number {
  const minutes = Number(value);
  if (value.trim() !== '' && Number.isFinite(minutes) && minutes > 0 && minutes <= MOST_MINUTES) return minutes;
  throw new NeurodexError('usage', `--minutes is ${JSON.stringify(value)}, which is no time to build an index in`, {
    hint: `write a number above 0 and up to ${MOST_MINUTES} behind --minutes, or leave it out`,
    details: { flag: '--minutes', value },
  });
}

/** As the configuration allows. */
const MOST_MINUTES = 100_000;
