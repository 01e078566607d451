import { listed } from '@neurodex/core';
import { skippedByKind } from '@neurodex/datasets/skipped';
import type { BuildNotices } from '../indexer.ts';
import { counted } from './format.ts';

/** Files of one reason that are named; the rest are counted. */
const NAMED = 5;

/** So many files that were skipped for one reason. */
export interface SkippedReason {
  readonly count: number;
  readonly reason: string;
  /** The first of them: `a.txt, b.txt and 3 more`. */
  readonly names: string;
  /** What can be done about it, where something can. */
  readonly advice: string | undefined;
}

/** Why files were skipped, the commonest reason first. */
export const skippedReasons = ({ skipped }: Pick<BuildNotices, 'skipped'>): SkippedReason[] =>
  skippedByKind(skipped).map(([kind, files]) => {
    const [first] = files;
    // Numbers in a reason are of one file.
    const isSame = first?.group === undefined && files.every(({ reason }) => reason === first?.reason);
    return {
      count: files.length,
      reason: isSame ? (first?.reason ?? kind) : kind,
      names: listed(files.map(({ path }) => path).sort(), NAMED),
      advice: files.find(({ advice }) => advice !== undefined)?.advice,
    };
  });

/** `2 warnings, 3 files skipped`; empty where there is nothing to tell. */
export function noticesTitle({ warnings, skipped }: BuildNotices): string {
  const parts = [
    ...(warnings.length === 0 ? [] : [counted(warnings.length, 'warning')]),
    ...(skipped.length === 0 ? [] : [`${counted(skipped.length, 'file')} skipped`]),
  ];
  return parts.join(', ');
}
