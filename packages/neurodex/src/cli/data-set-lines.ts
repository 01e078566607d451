import type { SkippedKind } from '@neurodex/datasets';
import { formatCount, plural } from './format.ts';

/** Reasons that are listed; of more it is said how many there are. */
const LISTED = 12;

/** Of a summary: how the source was read, and what was passed over, counted by reason. */
export function sourceLines({
  layout,
  skippedKinds,
}: {
  readonly layout: readonly string[];
  readonly skippedKinds: readonly SkippedKind[];
}): string[] {
  const total = skippedKinds.reduce((sum, { count }) => sum + count, 0);
  const shown = skippedKinds.slice(0, LISTED).map(({ kind, count }) => `${formatCount(count)} × ${kind}`);
  const more = skippedKinds.length - LISTED;
  return [
    ...layout.map((message, i) => `${i === 0 ? 'layout' : ''.padEnd(6)}      ${message}`),
    ...(total === 0 ? [] : [`skipped     ${plural(total, 'file or row', 'files and rows')} (--json names them all)`]),
    ...shown.map((line) => `            ${line}`),
    ...(more > 0 ? [`            and ${plural(more, 'other reason')}`] : []),
  ];
}
