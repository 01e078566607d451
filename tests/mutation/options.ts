import { readdirSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { GROUPS, type Group } from './groups.ts';

export interface Options {
  /** Folders and files of the core; all of it where there is none. */
  readonly parts: readonly string[];
  readonly sample: number | undefined;
  readonly seed: number;
}

const isSource = (file: string) => /(?<!\.(test|contract|fixture|d))\.ts$/.test(file);

function filesOf(source: string): string[] {
  if (!statSync(source).isDirectory()) return [source];
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' });
  return files
    .map((file) => `${source}/${file.replaceAll('\\', '/')}`)
    .filter(isSource)
    .sort();
}

/** The files of a group that lie in one of the parts; all where no part is named. */
export function chosenFiles(group: Group, parts: readonly string[]): string[] {
  const files = group.sources.flatMap(filesOf).filter((file) => group.without?.includes(file) !== true);
  if (parts.length === 0) return files;
  return files.filter((file) => parts.some((part) => file === part || file.startsWith(`${part}/`)));
}

function wholeNumber(text: string, flag: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new RangeError(`${flag} is a whole number from ${least}, not ${text}`);
  return value;
}

/** @throws RangeError in words for the user */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { sample: { type: 'string' }, seed: { type: 'string', default: '1' } },
  });
  const parts = positionals.map((part) => part.replaceAll('\\', '/').replace(/^\.\//, '').replace(/\/$/, ''));
  const foreign = parts.find((part) => GROUPS.every((group) => chosenFiles(group, [part]).length === 0));
  if (foreign !== undefined) throw new RangeError(`${foreign} has no sources of the core (tests/mutation/groups.ts)`);
  return {
    parts,
    sample: values.sample === undefined ? undefined : wholeNumber(values.sample, '--sample', 1),
    seed: wholeNumber(values.seed, '--seed', 0),
  };
}
