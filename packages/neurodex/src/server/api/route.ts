import type { z } from 'zod';
import type { ProblemCode } from './problems.ts';

/** A body that is no JSON: bytes of those media types, or text. */
export type RawContent = { readonly raw: 'bytes' | 'text'; readonly types: readonly [string, ...string[]] };

/** What a body is: JSON of a schema, no JSON, or one or the other. */
export type Content = z.ZodType | RawContent | readonly [z.ZodType, RawContent];

export interface Response {
  readonly description: string;
  /** Undefined: no body. */
  readonly content?: Content;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly summary: string;
  readonly query: z.ZodObject;
  /** Headers that the handler reads, each with what it says. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Media type → what the body is. */
  readonly body?: Readonly<Record<string, z.ZodType | 'bytes' | 'form' | 'pictures'>>;
  readonly responses: Readonly<Record<number, Response>>;
  /** What it may be refused with, beside what every request may (COMMON_PROBLEMS). */
  readonly problems: readonly ProblemCode[];
  /** Answered without the token: it tells nothing of the pictures, and cannot fail. */
  readonly open?: true;
  /** Ranks the catalogue: no more when the server is about to stop. */
  readonly searches?: true;
  /** Changes an index: only for those with the token for writing, and no more when the server is about to stop. */
  readonly writes?: true;
  /** Of the Open Inference Protocol, which has a form of its own for what is refused. */
  readonly inference?: true;
  /** Found at its address with a slash at the end as well. */
  readonly slash?: true;
}
