import type { CallToolResult } from '@modelcontextprotocol/server';
import { NeurodexError } from '@neurodex/core';
import { ApiError } from '../server/api/problems.ts';
import { internal, refusalOf } from '../server/refusals.ts';

/** Where a client finds the error of a tool as an object: a structured result would not be what the tool declares. */
export const ERROR_META = 'neurodex/error';

/** Why a tool did not do what it was asked to. */
export interface ToolFailure {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
}

/** Hints of the HTTP API, in the words of the tools. */
const HINTS: Readonly<Record<string, string>> = {
  'picture-unknown': 'results of search name pictures as <index>.<number>',
  'index-fixed': 'build it with a preset that keeps a written memory; an index in shards is changed with neurodex add',
  'picture-changed': 'send it under another name',
  'too-slow': 'try again, or ask for less',
};
/** What only those can do who send requests of HTTP, or start the program. */
const ELSEWHERE = /\bGET \/|\{"|--[a-z]/;

/** @param isLocal the error is told whole: it may name files of this machine */
export function failureOf(error: unknown, isLocal: boolean): ToolFailure & { readonly isFault: boolean } {
  const told = isLocal && error instanceof NeurodexError ? error : refusalOf(error);
  const { code, message, hint } = told ?? internal();
  return { code, message, hint: HINTS[code] ?? fitting(hint), isFault: told === undefined };
}

const fitting = (hint: string | undefined): string | undefined =>
  hint
    ?.split('; ')
    .filter((advice) => !ELSEWHERE.test(advice))
    .join('; ') || undefined;

/** A tool error: the code, a sentence, and what to do. */
export const failedResult = ({ code, message, hint }: ToolFailure): CallToolResult => ({
  isError: true,
  content: [{ type: 'text', text: `${code}: ${message}${hint === undefined ? '' : ` (${hint})`}` }],
  _meta: { [ERROR_META]: { code, message, hint: hint ?? null } },
});

export const refused = (code: ApiError['code'], message: string, hint: string): ApiError =>
  new ApiError(code, message, { hint });
