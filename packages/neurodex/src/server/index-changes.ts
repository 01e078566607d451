import type { FailedInput } from '@neurodex/core';
import type { StoredPicture } from '../pictures/picture-store.ts';
import type { ProblemCode } from './api/problems.ts';

/** A picture file as it was sent. */
export interface SentPicture {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What somebody wants of an index. */
export type ChangeRequest =
  | { readonly kind: 'add'; readonly pictures: readonly SentPicture[]; readonly labels: readonly string[] }
  /** `created`: when the index was built that has this picture; another one may have taken its folder since. */
  | { readonly kind: 'remove'; readonly picture: number; readonly created: string };

/** What became of a request. Pictures are named by their numbers. */
export type Outcome =
  | {
      readonly kind: 'added';
      readonly added: readonly Omit<StoredPicture, 'row'>[];
      readonly known: readonly { readonly name: string; readonly as: number }[];
      readonly failed: readonly FailedInput[];
    }
  | { readonly kind: 'removed' }
  | Refused;

export interface Refused {
  readonly kind: 'refused';
  readonly code: ProblemCode;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** A version of an index on disk. */
export interface IndexVersion {
  readonly digest: string;
  /** Of the build, which all versions that came of it share. */
  readonly created: string;
  /** Changes since then. */
  readonly revision: number;
}

export interface Changed {
  readonly outcome: Outcome;
  /** That has the change. */
  readonly version: IndexVersion;
}

/** Changes the indexes of a server, each by one writer. */
export interface ChangeDesk {
  /** @param index its id @throws ApiError why nothing was changed */
  ask(index: string, request: ChangeRequest): Promise<Changed>;
  /** Lets other processes write. */
  close(): Promise<void>;
}

/** @param manifest of the version that is there @returns whether it has what the wanted one has */
export const reaches = (
  { digest, created, changes }: { digest: string; created: string; changes?: { revision: number } | undefined },
  wanted: IndexVersion,
): boolean => digest === wanted.digest || (created === wanted.created && (changes?.revision ?? 0) >= wanted.revision);
