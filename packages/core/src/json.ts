import { open } from 'node:fs/promises';
import type { ZodError } from 'zod';
import { systemError } from './thrown.ts';

/**
 * Text that is not JSON, or more than is read. The message follows the name of its file: "is not valid JSON: line 2 …".
 * @example
 * ```ts
 * import { JsonProblem, parseJson } from '@neurodex/core/json';
 *
 * try {
 *   parseJson('{"size": }');
 * } catch (error) {
 *   console.log(error instanceof JsonProblem && `config.json ${error.message}`);
 * }
 * // → config.json is not valid JSON: line 1, column 10: "}" where a value should stand
 * ```
 */
export class JsonProblem extends Error {}

/** Nothing that Neurodex reads is nested as deep; programs that walk through such values run out of stack. */
const DEEPEST = 200;
/** Bytes of a JSON file that is read as a whole. */
const LARGEST = 2 ** 28;

/**
 * A text as JSON, nested at most 200 levels deep.
 * @throws JsonProblem
 * @example
 * ```ts
 * import { parseJson } from '@neurodex/core/json';
 *
 * console.log(parseJson('{"size": [48, 32]}')); // → { size: [ 48, 32 ] }
 * ```
 */
export function parseJson(text: string): unknown {
  refuseDeep(text);
  try {
    return JSON.parse(text);
  } catch {
    throw new JsonProblem(`is not valid JSON: ${whatIsWrong(text)}`);
  }
}

/**
 * What is wrong with a part of a file whose place is known: the lines in it do not count.
 * @example
 * ```ts
 * import { JsonProblem, ofOneLine, parseJson } from '@neurodex/core/json';
 *
 * try {
 *   parseJson('[1, ]');
 * } catch (error) {
 *   if (error instanceof JsonProblem) console.log(ofOneLine(error)); // → is not JSON: column 5: "]" where a value after the comma should stand
 * }
 * ```
 */
export const ofOneLine = ({ message }: JsonProblem): string =>
  message.replace('is not valid JSON: ', 'is not JSON: ').replace(/line 1, (?=column)/, '');

/**
 * A whole JSON file, with a byte order mark or without.
 * @param most bytes that are read; 2²⁸ by default
 * @throws JsonProblem; errors of the file system as they are
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { readJson } from '@neurodex/core/json';
 *
 * writeFileSync('settings.json', '\ufeff{"size": 48}');
 * console.log(await readJson('settings.json')); // → { size: 48 }
 * ```
 */
export async function readJson(path: string, most = LARGEST): Promise<unknown> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    if (size > most) throw new JsonProblem(`has ${size} bytes, and at most ${most} are read`);
    const bytes = await handle.readFile();
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      throw new JsonProblem('is not text in UTF-8');
    }
    return parseJson(text);
  } finally {
    await handle.close();
  }
}

function refuseDeep(text: string): void {
  if (text.length <= DEEPEST) return;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at);
    else if (code === 0x5b || code === 0x7b) depth++;
    else if (code === 0x5d || code === 0x7d) depth--;
    if (depth > DEEPEST) throw new JsonProblem(`is nested more than ${DEEPEST} levels deep`);
  }
}

/** Index of the quote that ends the string which begins at `at`, or of what comes behind the text. */
function endOfString(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && text.charCodeAt(end) !== 0x22) end += text.charCodeAt(end) === 0x5c ? 2 : 1;
  return end;
}

const BLANK = /[ \t\n\r]*/y;
const WORD = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;
const ESCAPES = /^(?:[^\\]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*$/;

/** Where text ceases to be JSON, and what should stand there: engines say it each in their own words, or not at all. */
function whatIsWrong(text: string): string {
  const open: string[] = [];
  let at = 0;
  let wanted = 'a value';
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    at += found?.[0].length ?? 0;
    return found !== null;
  };
  const string = (): boolean => {
    const end = endOfString(text, at);
    const content = text.slice(at + 1, end);
    // Long strings are not looked into: what is wrong with them is told by their line.
    if (text[at] !== '"' || end >= text.length || (content.length < 1e5 && !ESCAPES.test(content))) return false;
    if ([...content.slice(0, 1e5)].some((character) => character < ' ')) return false;
    at = end + 1;
    return true;
  };
  for (;;) {
    skip(BLANK);
    const next = text[at] ?? '';
    const inside = open.at(-1);
    const closes = (inside === '{' && next === '}') || (inside === '[' && next === ']');
    if (wanted === 'nothing more' && next === '') return 'it cannot be read';
    if (closes && !wanted.endsWith('after the comma') && wanted !== 'a colon' && wanted !== 'a value') {
      open.pop();
      at++;
      wanted = open.length === 0 ? 'nothing more' : `a comma or ${open.at(-1) === '{' ? '}' : ']'}`;
    } else if (wanted.startsWith('a comma') && next === ',') {
      at++;
      wanted = inside === '{' ? 'a key after the comma' : 'a value after the comma';
    } else if (wanted === 'a colon' && next === ':') {
      at++;
      wanted = 'a value';
    } else if (wanted.startsWith('a key')) {
      if (!string()) return told(text, at, wanted);
      wanted = 'a colon';
    } else if (wanted.startsWith('a value') && (next === '{' || next === '[')) {
      open.push(next);
      at++;
      wanted = next === '{' ? 'a key or }' : 'a value or ]';
    } else if (wanted.startsWith('a value') && (next === '"' ? string() : skip(WORD))) {
      wanted = inside === undefined ? 'nothing more' : `a comma or ${inside === '{' ? '}' : ']'}`;
    } else return told(text, at, wanted);
  }
}

function told(text: string, at: number, wanted: string): string {
  if (text.trim() === '') return 'it is empty';
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const place = `line ${line}, column ${at - before.lastIndexOf('\n')}`;
  const found = /^(?:[\w$]{1,20}|.)/su.exec(text.slice(at, at + 40))?.[0];
  if (found === undefined) return `it ends where ${wanted} should follow (${place})`;
  if (found === '"' && /^a (key|value)/.test(wanted))
    return `${place}: a text that is not closed, or has a character that must be escaped`;
  return `${place}: ${JSON.stringify(found)} where ${wanted} should stand`;
}

/**
 * Why `readJson` failed, as what follows the name of the file.
 * @throws `error` where it has another reason
 * @example
 * ```ts
 * import { readJson, whyUnreadable } from '@neurodex/core/json';
 *
 * const why = await readJson('none.json').catch(whyUnreadable);
 * console.log(`none.json ${why}`); // → none.json is not there
 * ```
 */
export function whyUnreadable(error: unknown): string {
  if (error instanceof JsonProblem) return error.message;
  const { code, syscall } = systemError(error);
  if (syscall === undefined) throw error;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'is not there';
  return code === 'EISDIR' ? 'is a folder' : `cannot be read (${code})`;
}

/**
 * The first thing that is wrong with a value, by its key; without the patterns that it was held to.
 * @example
 * ```ts
 * import { schemaProblem } from '@neurodex/core/json';
 * import { z } from 'zod';
 *
 * const { error } = z.object({ model: z.object({ width: z.number() }) }).safeParse({ model: { width: 'wide' } });
 * if (error !== undefined) console.log(schemaProblem(error)); // → model.width: expected number, received string
 * ```
 */
export function schemaProblem({ issues }: ZodError): string {
  const [issue] = issues;
  if (issue === undefined) return 'it makes no sense';
  const name = issue.path.join('.') || 'it';
  if (issue.code === 'invalid_format') return `${name}: has not the form that it should have`;
  if (issue.code === 'invalid_union') return `${name}: is none of the values that it may have`;
  return `${name}: ${issue.message.replace(/^Invalid input: /, '').replace(/, received undefined$/, ', and it is missing')}`;
}
