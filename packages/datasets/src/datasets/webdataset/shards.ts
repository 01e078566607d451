import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import { openFileBytes } from '@neurodex/core/storage';
import { hasPictureExtension } from '../../image/picture-formats.ts';
import { listPictures } from '../folder/folder.ts';
import type { SourceFolder } from '../tables/find.ts';
import { tarMembers } from './tar-members.ts';

/** One tar file of a data set. */
export interface Shard {
  /** Absolute. */
  readonly path: string;
  /** Relative to the source, without `.tar`: names its pictures. */
  readonly name: string;
}

const BRACES = /\{(?:(\d+)\.\.(\d+)|([^{}]*,[^{}]*))\}/;
/** A pattern that stands for more names is a mistake. */
const MOST_SHARDS = 100_000;

/**
 * Whether a source is a pattern of shards: `data-{000000..000010}.tar`.
 * @example
 * ```ts
 * import { isShardPattern } from '@neurodex/datasets';
 *
 * console.log(isShardPattern('data-{000000..000010}.tar'), isShardPattern('data.tar')); // → true false
 * ```
 */
export const isShardPattern = (source: string): boolean => BRACES.test(source) && /\.tar$/i.test(source);

/**
 * The names that a pattern stands for: `{000000..000010}` counts, with as many digits as its first number has; `{train,val}` lists.
 * @throws NeurodexError `usage` for more than 100,000
 */
export function expandBraces(pattern: string): string[] {
  let names = [pattern];
  for (;;) {
    const at = names.findIndex((name) => BRACES.test(name));
    if (at < 0) return names;
    names = names.flatMap((name) => expandOne(name));
    if (names.length > MOST_SHARDS) {
      throw new NeurodexError('usage', `${pattern} stands for more than ${MOST_SHARDS} files`, {
        hint: 'name a folder of shards, or fewer of them',
        details: { source: pattern },
      });
    }
  }
}

function expandOne(name: string): string[] {
  const found = BRACES.exec(name);
  if (found === null) return [name];
  const [whole, first, last, list] = found;
  const put = (text: string): string => name.slice(0, found.index) + text + name.slice(found.index + whole.length);
  if (list !== undefined) return list.split(',').map(put);
  const [from, to] = [Number(first), Number(last)];
  const step = from <= to ? 1 : -1;
  const count = Math.min(Math.abs(to - from) + 1, MOST_SHARDS + 1);
  return Array.from({ length: count }, (_, i) => put(String(from + i * step).padStart(first?.length ?? 0, '0')));
}

const isTar = (name: string): boolean => /\.tar$/i.test(name);
const shardAt = (path: string, name: string): Shard => ({ path, name: name.replace(/\.tar$/i, '') });

/** The shards that a path or a pattern names: the file itself, or those of a folder and of its folders of splits. */
export async function shardsOf(folder: SourceFolder): Promise<Shard[]> {
  const source = folder.path;
  const found = await stat(source).catch(() => undefined);
  if (found === undefined && isShardPattern(source)) {
    const root = dirname(BRACES.test(dirname(source)) ? source.slice(0, source.search(BRACES)) : source);
    return expandBraces(source).map((path) => shardAt(path, path.slice(root.length + 1).replaceAll('\\', '/')));
  }
  if (found?.isFile()) return isTar(source) ? [shardAt(source, basename(source))] : [];
  return (await folder.likelyFiles(isTar)).map((name) => shardAt(join(source, name), name));
}

/** Members of a shard that show what it holds. */
const LOOKED_AT = 40;
/** In folders, which may be classes, texts and JSON may lie beside pictures in any archive. */
const COMPANION = /\.cls$|^(?:\.\/)?[^/]*\.(?:txt|json)$/i;

/**
 * Whether a path is WebDataset: a pattern of shards; a tar file in which pictures have `cls` under the same name, or, where there are no
 * folders in it, `txt` or `json`; or a
 * folder of tar files with pictures, beside which no pictures lie.
 */
export async function isWebDataset(folder: SourceFolder): Promise<boolean> {
  const { path } = folder;
  if (isShardPattern(path) && (await stat(path).catch(() => undefined)) === undefined) return true;
  const [first] = await shardsOf(folder).catch(() => []);
  if (first === undefined) return false;
  const names = await firstNames(resolve(first.path)).catch(() => []);
  const stems = new Set(names.filter(hasPictureExtension).map(stem));
  if (stems.size === 0) return false;
  if (first.path === path) return names.some((name) => COMPANION.test(name) && stems.has(stem(name)));
  return await listPictures(path).then(
    () => false,
    (error: unknown) => error instanceof NeurodexError && error.code === 'source-empty',
  );
}

const stem = (name: string): string => name.replace(/\.[^./]*$/, '');

async function firstNames(path: string): Promise<string[]> {
  const source = await openFileBytes(path);
  const names: string[] = [];
  try {
    for await (const { name } of tarMembers(source)) {
      names.push(name);
      if (names.length >= LOOKED_AT) break;
    }
  } catch {
    // What came before shows it, or nothing does.
  } finally {
    await source.close();
  }
  return names;
}
