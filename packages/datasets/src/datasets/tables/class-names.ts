import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClassNames } from '../labels.ts';

/** More is no card of a data set. */
const LARGEST = 1 << 22;

/**
 * The names of labels that are numbers, by column, from the card of a Hugging Face data set: README.md begins with YAML, and
 * `dataset_info` in it lists features as `name: label`, `dtype: class_label: names: '0': cat`.
 */
export async function classNamesIn(folder: string): Promise<ReadonlyMap<string, ClassNames>> {
  const path = join(folder, 'README.md');
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size > LARGEST) return new Map();
  return classNamesOf(await readFile(path, 'utf8').catch(() => ''));
}

const ENTRY = /^\s*['"]?(\d+)['"]?\s*:\s*(.+?)\s*$/;
const LISTED = /^\s*-\s+(.+?)\s*$/;

/** The names in the text of a card. */
export function classNamesOf(text: string): ReadonlyMap<string, ClassNames> {
  const [, front = ''] = /^\ufeff?---\r?\n([\s\S]*?)\r?\n---/.exec(text) ?? [];
  const found = new Map<string, ClassNames>();
  let column: string | undefined;
  let names: string[] | undefined;
  let isClass = false;
  for (const line of front.split(/\r?\n/)) {
    const [, name] = /^\s*-\s+name:\s*(.+?)\s*$/.exec(line) ?? [];
    if (name !== undefined) {
      column = unquoted(name);
      names = undefined;
      isClass = false;
    } else if (/^\s*class_label:\s*$/.test(line)) isClass = true;
    else if (isClass && column !== undefined && /^\s*names:\s*$/.test(line)) {
      names = [];
      found.set(column, names);
    } else if (names !== undefined) {
      const [, number, value] = ENTRY.exec(line) ?? [];
      const listed = LISTED.exec(line)?.[1];
      if (number !== undefined && value !== undefined && Number(number) === names.length) names.push(unquoted(value));
      else if (listed !== undefined) names.push(unquoted(listed));
      else names = undefined;
    }
  }
  return found;
}

const unquoted = (text: string): string =>
  /^'.*'$/.test(text) ? text.slice(1, -1).replaceAll("''", "'") : /^".*"$/.test(text) ? text.slice(1, -1) : text;
