import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { errorCode, errorMessage, isRecord, NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import { JsonProblem, ofOneLine, parseJson } from '@neurodex/core/json';
import { inOrder, type Line, linesOf, throwIfInterrupted } from '@neurodex/core/storage';
import { readPictureFile } from '../../image/decode.ts';
import type { Dataset, SkippedFile, SourcePicture } from '../dataset.ts';
import { localInputs } from '../inputs.ts';
import type { ColumnFlags } from '../label-columns.ts';
import { describeRow, withoutUnlabelled } from '../labels.ts';
import { chooseKeys, keyNotes, type LineKeys } from './keys.ts';

/** How JSON lines are read. */
export interface JsonLinesOptions extends ColumnFlags {
  /** The first so many pictures. */
  readonly maxPictures?: number;
  /** Told how far it is. */
  readonly reporter?: Reporter;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** Lines that say which keys there are. */
const FIRST_LINES = 1000;
/** Keys that are named where they are not read; more are not kept. */
const MOST_KEYS = 1000;

/** A longer line is no description of a picture. */
export const LONGEST_LINE = 1 << 24;

/**
 * A data set in JSON lines: `{"picture": "cats/1.jpg", "label": "cat", "captions": ["A cat."]}`, one object a line. The
 * path is relative to the file's folder and stays below it; `label` and `labels` are a class or a list of them; `captions`
 * a list of sentences, `caption` one. Keys of other names are read where they are usual (`file_name`, `class`) or asked for.
 * Those that are not read are named, and lines that cannot be used are skipped, each with its number.
 * @throws NeurodexError source-missing, source-unusable, source-empty
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { openJsonl } from '@neurodex/datasets';
 *
 * writeFileSync('pictures.jsonl', '{"picture": "photos/cat/1.png", "label": "cat", "captions": ["A cat."]}\n');
 * const [first] = (await openJsonl('pictures.jsonl')).pictures;
 * console.log(first?.path, first?.captions?.join()); // → photos/cat/1.png A cat.
 * ```
 */
export async function openJsonl(path: string, options: JsonLinesOptions = {}): Promise<Dataset> {
  const { maxPictures = Infinity, reporter = silentReporter, signal } = options;
  const source = resolve(path);
  await checkFile(source);
  const folder = dirname(source);
  const found = new Map<string, SourcePicture>();
  const lineOf = new Map<string, number>();
  const skipped: SkippedFile[] = [];
  const total = (await stat(source)).size;
  const keys = await firstKeys(source, options);
  const seen = new Set<string>();
  const parsed = inOrder(linesOf(source, LONGEST_LINE), 2 * availableParallelism(), async (line) => ({
    line,
    result: await describeLine(line, folder, keys, seen),
  }));
  for await (const { line, result } of parsed) {
    throwIfInterrupted(signal);
    reporter.progress({ phase: 'listing', done: line.end, total, unit: 'bytes' });
    if (result === undefined) continue;
    const where = `${basename(source)}, line ${line.number}`;
    if ('reason' in result) {
      skipped.push({ path: where, ...result });
    } else if (found.has(result.path)) {
      const reason = `${result.path} is on line ${lineOf.get(result.path)} already`;
      skipped.push({ path: where, reason, group: 'its picture is on another line already' });
    } else {
      found.set(result.path, result);
      lineOf.set(result.path, line.number);
    }
    if (found.size >= maxPictures) break;
  }
  if (found.size === 0) throw nothingUsable(source, skipped);
  const pictures = [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const { kept, skipped: unlabelled } = withoutUnlabelled(pictures);
  const layout = inWords(source, () => keyNotes(seen, keys, options));
  return {
    name: 'jsonl',
    source,
    pictures: kept,
    notices: [],
    skipped: [...skipped, ...unlabelled],
    ...(layout.length === 0 ? {} : { layout }),
    inputs: (reading) => localInputs([source, ...kept.map((picture) => join(folder, picture.path))], folder, reading),
  };
}

/** What is wrong with the keys of a file. */
function inWords<T>(source: string, choose: () => T): T {
  try {
    return choose();
  } catch (error) {
    throw new NeurodexError('source-unusable', `${source} ${errorMessage(error)}`, {
      hint: 'write the classes under the key label, or name their key with --label-column',
      details: { source },
      cause: error,
    });
  }
}

async function firstKeys(source: string, flags: ColumnFlags): Promise<LineKeys> {
  const found = new Map<string, { readonly text: boolean }>();
  for await (const line of linesOf(source, LONGEST_LINE)) {
    if (line.number > FIRST_LINES) break;
    const value = parseLine(line);
    if (value === undefined || 'reason' in value) continue;
    for (const [key, held] of Object.entries(value.line)) {
      if (held !== null && (found.size < MOST_KEYS || found.has(key)))
        found.set(key, { text: typeof held === 'string' || found.get(key)?.text === true });
    }
  }
  return inWords(source, () => chooseKeys(found, flags));
}

type Unusable = Omit<SkippedFile, 'path'>;

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The object of a line. @returns undefined for a blank line */
export function parseLine({
  bytes,
}: Line): { readonly line: Readonly<Record<string, unknown>> } | Unusable | undefined {
  if (bytes === undefined) return { reason: `it is longer than ${LONGEST_LINE} bytes` };
  let text: string;
  try {
    // The decoder drops a byte order mark.
    text = decoder.decode(bytes).trim();
  } catch {
    return { reason: 'it is not UTF-8' };
  }
  if (text === '') return undefined;
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonProblem)) throw error;
    return { reason: `it ${ofOneLine(error)}` };
  }
  return isRecord(value) ? { line: value } : { reason: 'it is not a JSON object' };
}

/** @param seen the keys of the line are added to it */
async function describeLine(
  read: Line,
  folder: string,
  keys: LineKeys,
  seen: Set<string>,
): Promise<SourcePicture | Unusable | undefined> {
  const parsed = parseLine(read);
  if (parsed === undefined || 'reason' in parsed) return parsed;
  const { line } = parsed;
  for (const key of Object.keys(line)) if (line[key] !== null && seen.size < MOST_KEYS) seen.add(key);
  const picture = held(line, keys.picture);
  if (typeof picture !== 'string' || picture.trim() === '') {
    const there = Object.keys(line).join(', ') || 'none';
    return {
      reason: `it has no ${JSON.stringify(keys.picture)}, the path of a file (its keys: ${there.slice(0, 200)})`,
    };
  }
  const path = relativePath(picture);
  if (path === undefined) {
    return {
      reason: `${picture} is not below the folder of the file`,
      group: 'its picture is not below the folder of the file',
    };
  }
  const labels = keys.labels.map((key) => held(line, key)).filter((value) => value !== null && value !== undefined);
  const captions = held(line, 'captions') ?? held(line, 'caption');
  const described = describeRow({ labels: labels.length === 1 ? labels[0] : labels.flat(), captions }, undefined);
  if ('reason' in described) return described;
  const at = join(folder, path);
  const problem = await missing(at);
  if (problem !== undefined) return { reason: `${path} ${problem}`, group: `its picture ${problem}` };
  return { path, ...described, read: () => readPictureFile(at, path) };
}

const held = (line: Readonly<Record<string, unknown>>, key: string): unknown =>
  Object.hasOwn(line, key) ? line[key] : undefined;

/** '/' between folders, without '.' and '..'; undefined when it leads elsewhere. */
function relativePath(picture: string): string | undefined {
  const path = picture.replaceAll('\\', '/');
  if (path.startsWith('/') || /^[a-z]:/i.test(path) || path.includes('\0')) return undefined;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.pop() === undefined) return undefined;
    if (part !== '..') parts.push(part);
  }
  return parts.length === 0 ? undefined : parts.join('/');
}

async function missing(at: string): Promise<string | undefined> {
  try {
    return (await stat(at)).isFile() ? undefined : 'is not a file';
  } catch (error) {
    const code = errorCode(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'does not exist' : `cannot be read (${code})`;
  }
}

async function checkFile(source: string): Promise<void> {
  const problem = await missing(source);
  if (problem === undefined) return;
  throw new NeurodexError(problem === 'does not exist' ? 'source-missing' : 'source-unusable', `${source} ${problem}`, {
    hint: 'check the path for a typing error; a folder of pictures needs no such file',
    details: { source },
  });
}

function nothingUsable(source: string, skipped: readonly SkippedFile[]): NeurodexError {
  const [first] = skipped;
  const what = first === undefined ? 'no lines' : `no line that can be used, the first: ${first.path}: ${first.reason}`;
  return new NeurodexError('source-empty', `${source} has ${what}`, {
    hint: 'write lines as {"picture": "cats/1.jpg", "label": "cat"}, with paths relative to the file',
    details: { source, skipped: skipped.length },
  });
}
