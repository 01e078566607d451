import { useEffect, useRef } from 'react';
import type { IndexingProgress } from '../indexer.ts';
import { count, counted, duration } from '../state/format.ts';
import { useWindowEvent } from '../state/window-event.ts';
import { useDrop } from './picture-events.ts';

/** How far indexing is, with its rate and the time that is left. */
export function IndexingBar({
  progress,
  onCancel,
}: {
  readonly progress: IndexingProgress | null;
  readonly onCancel: () => void;
}) {
  const title = useRef<HTMLHeadingElement>(null);
  const activity = progress?.activity ?? 'Starting';
  // The button that began it is gone: keyboards go on from here.
  useEffect(() => title.current?.focus({ preventScroll: true }), []);
  // Leaving the page ends the work: the browser asks whether that is meant, and a file that is dropped opens in no other page.
  useWindowEvent('beforeunload', (event) => event.preventDefault());
  useDrop((event) => event.preventDefault());
  return (
    <section className="notice loading" aria-labelledby="indexing-title">
      <h2 id="indexing-title" className="hidden" ref={title} tabIndex={-1}>
        Indexing
      </h2>
      <p role="status">{activity}…</p>
      {progress?.total === undefined ? (
        <div className="bar indefinite" aria-hidden="true" />
      ) : (
        <>
          <progress aria-label={activity} value={progress.done} max={Math.max(1, progress.total)} />
          <p className="note">{detailOf(progress, progress.total)}</p>
        </>
      )}
      <button type="button" className="button" onClick={onCancel}>
        Cancel
      </button>
    </section>
  );
}

function detailOf({ done, unit, rate, left, skipped }: IndexingProgress, total: number): string {
  const parts = [`${count(done)} of ${count(total)} ${unit}`];
  if (rate !== undefined) parts.push(`${rate < 10 ? rate.toFixed(1) : count(Math.round(rate))} a second`);
  if (left !== undefined) parts.push(`${duration(left)} left`);
  if (skipped > 0) parts.push(`${counted(skipped, 'file')} skipped`);
  return parts.join(', ');
}
