import type { Command } from 'commander';

/** Where one piece of advice ends and another begins. */
const BETWEEN = /(;\s+|,\s+(?:or|and)\s+|,\s+)/;
/** A whole command line, as hints quote it: its flags are its own. */
const QUOTED = /`[^`]*`|\bneurodex(?: [a-z-]+)+(?: (?:[A-Z]+|--[a-z-]+))*/g;
const FLAG = /(?<![\w-])--[a-z][a-z-]*/g;

/** The flags that a text tells the reader of this command to use. */
export const flagsIn = (text: string): string[] => text.replace(QUOTED, '').match(FLAG) ?? [];

const flagsOf = (command: Command): Set<string> =>
  new Set([...command.options.flatMap(({ long }) => (long ? [long] : [])), '--help']);

/**
 * What of a hint a command can follow. Many hints come from where the command is not known, and name a flag that not every
 * command has: "choose another name, or replace it with --force". Advice with such a flag is left out.
 * @returns undefined where nothing is left
 */
export function fittingHint(hint: string, command: Command): string | undefined {
  const known = flagsOf(command);
  const fits = (text: string): boolean => flagsIn(text).every((flag) => known.has(flag));
  if (fits(hint)) return hint;
  // A quoted command line holds commas of its own, and is not taken apart.
  const quotes: string[] = [];
  const bare = hint.replace(QUOTED, (quote) => `\ue000${quotes.push(quote) - 1}\ue000`);
  const whole = (text: string): string => text.replace(/\ue000(\d+)\ue000/g, (_, i) => quotes[Number(i)] ?? '');
  const [first = '', ...rest] = bare.split(BETWEEN);
  let left = fits(whole(first)) ? whole(first) : '';
  for (let i = 0; i + 1 < rest.length; i += 2) {
    const advice = whole(rest[i + 1] ?? '');
    if (fits(advice)) left += left === '' ? advice : `${rest[i]}${advice}`;
  }
  return left === '' ? undefined : left;
}
