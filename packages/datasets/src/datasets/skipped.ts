import { type Reporter, visibleName } from '@neurodex/core';
import type { SkippedFile } from './dataset.ts';

/** So many files or rows for one reason. */
export interface SkippedKind {
  /** Why they were passed over. */
  readonly kind: string;
  /** How many. */
  readonly count: number;
}

/** Numbers, and names between quotes, differ between files that are skipped for the same reason. */
const kindOf = ({ group, reason }: SkippedFile): string => group ?? reason.replace(/\d+(\.\d+)?/g, 'N');

/** The files that were skipped for one reason, the commonest reason first. */
export const skippedByKind = <T extends SkippedFile>(skipped: readonly T[]): [string, T[]][] => {
  const kinds = new Map<string, T[]>();
  for (const file of skipped) {
    const kind = kindOf(file);
    const files = kinds.get(kind);
    if (files) files.push(file);
    else kinds.set(kind, [file]);
  }
  return [...kinds].sort(([a, m], [b, n]) => n.length - m.length || (a < b ? -1 : 1));
};

/**
 * How many were skipped for which reason, the commonest first.
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { openFolder, skippedKinds } from '@neurodex/datasets';
 *
 * writeFileSync('photos/cat/notes.txt', 'not a picture');
 * console.log(skippedKinds((await openFolder('photos')).skipped).length); // → 1
 * ```
 */
export const skippedKinds = (skipped: readonly SkippedFile[]): SkippedKind[] =>
  skippedByKind(skipped).map(([kind, files]) => ({ kind, count: files.length }));

/** More of one kind are counted in one warning. */
const NAMED = 5;

/**
 * Tells what was passed over: each file by name, and of many of one kind the first and how many there are.
 * @example
 * ```ts
 * import { silentReporter } from '@neurodex/core';
 * import { reportSkipped } from '@neurodex/datasets';
 *
 * const skipped = [{ path: 'cat/1.png', reason: 'is empty' }];
 * reportSkipped(skipped, { ...silentReporter, warn: (message) => console.log(message) }); // → skipped cat/1.png: is empty
 * ```
 */
export function reportSkipped(skipped: readonly SkippedFile[], reporter: Reporter): void {
  for (const [kind, files] of skippedByKind(skipped)) {
    const [first] = files;
    if (first === undefined || first.expected) continue;
    if (files.length > NAMED) {
      reporter.warn(
        `skipped ${files.length.toLocaleString('en-US')} files or rows: ${kind}, the first: ${visibleName(first.path)}`,
        {
          path: first.path,
          count: files.length,
        },
      );
    } else {
      for (const { path, reason } of files) reporter.warn(`skipped ${path}: ${reason}`, { path });
    }
  }
}
