import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { NeurodexError } from '../errors.ts';
import { readPictureFile } from '../image/decode.ts';
import { type Reporter, silentReporter } from '../progress.ts';
import { throwIfInterrupted } from '../storage/atomic.ts';
import { inOrder } from '../storage/in-order.ts';
import type { Dataset, SkippedFile, SourcePicture } from './dataset.ts';
import { localInputs } from './inputs.ts';
import { describeRow, withoutUnlabelled } from './labels.ts';

export interface JsonLinesOptions {
  /** The first so many pictures. */
  readonly maxPictures?: number;
  readonly reporter?: Reporter;
  readonly signal?: AbortSignal;
}

/** A longer line is no description of a picture. */
const LONGEST_LINE = 1 << 24;

/**
 * A data set in JSON lines: `{"picture": "cats/1.jpg", "label": "cat", "captions": ["A cat."]}`, one object a line. The
 * path is relative to the file's folder and stays below it; `label` is one class, `labels` a list; `captions` a list of
 * sentences, `caption` one. Other keys are left alone. Lines that cannot be used are skipped, each with its number.
 * @throws NeurodexError source-missing, source-unusable, source-empty
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
  const parsed = inOrder(linesOf(source), 2 * availableParallelism(), async (line) => ({
    line,
    result: await describeLine(line, folder),
  }));
  for await (const { line, result } of parsed) {
    throwIfInterrupted(signal);
    reporter.progress({ phase: 'listing', done: line.end, total, unit: 'bytes' });
    if (result === undefined) continue;
    const where = `${basename(source)}, line ${line.number}`;
    if ('reason' in result) {
      skipped.push({ path: where, reason: result.reason });
    } else if (found.has(result.path)) {
      skipped.push({ path: where, reason: `${result.path} is on line ${lineOf.get(result.path)} already` });
    } else {
      found.set(result.path, result);
      lineOf.set(result.path, line.number);
    }
    if (found.size >= maxPictures) break;
  }
  if (found.size === 0) throw nothingUsable(source, skipped);
  const pictures = [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const { kept, skipped: unlabelled } = withoutUnlabelled(pictures);
  return {
    name: 'jsonl',
    source,
    pictures: kept,
    notices: [],
    skipped: [...skipped, ...unlabelled],
    inputs: (reading) => localInputs([source, ...kept.map((picture) => join(folder, picture.path))], folder, reading),
  };
}

interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Where the file goes on behind it, in bytes. */
  readonly end: number;
  /** Undefined when it is too long. */
  readonly bytes: Uint8Array | undefined;
}

async function* linesOf(source: string): AsyncGenerator<Line, void, undefined> {
  let rest: Buffer[] = [];
  let length = 0;
  let number = 0;
  let position = 0;
  const take = (): Line => {
    const bytes = length > LONGEST_LINE ? undefined : Buffer.concat(rest);
    rest = [];
    length = 0;
    return { number: ++number, end: position, bytes };
  };
  for await (const chunk of createReadStream(source, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, start)) {
      rest.push(chunk.subarray(start, at));
      length += at - start;
      position += at + 1 - start;
      start = at + 1;
      yield take();
    }
    const left = chunk.subarray(start);
    position += left.length;
    length += left.length;
    // Of a line without end no more is kept than shows that it is too long.
    if (length <= LONGEST_LINE) rest.push(left);
    else rest = [];
  }
  if (length > 0) yield take();
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** @returns undefined for a blank line */
async function describeLine(
  { bytes }: Line,
  folder: string,
): Promise<SourcePicture | { readonly reason: string } | undefined> {
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
    value = JSON.parse(text);
  } catch (error) {
    return { reason: `it is not JSON (${(error as Error).message})` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { reason: 'it is not a JSON object' };
  const { picture, label, labels, captions, caption } = value as Record<string, unknown>;
  if (typeof picture !== 'string' || picture.trim() === '') {
    const keys = Object.keys(value).join(', ') || 'none';
    return { reason: `it has no "picture", the path of a file (its keys: ${keys})` };
  }
  const path = relativePath(picture);
  if (path === undefined) return { reason: `${picture} is not below the folder of the file` };
  const described = describeRow({ label, labels, captions: captions ?? caption }, undefined);
  if ('reason' in described) return described;
  const at = join(folder, path);
  const problem = await missing(at);
  if (problem !== undefined) return { reason: `${path} ${problem}` };
  return { path, ...described, read: () => readPictureFile(at, path) };
}

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
    const { code } = error as NodeJS.ErrnoException;
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
