import type { IndexingProgress } from '../indexer.ts';
import { count, counted, duration } from '../state/format.ts';

/** How far indexing is, with its rate and the time that is left. */
export function IndexingBar({
  progress,
  onCancel,
}: {
  readonly progress: IndexingProgress | null;
  readonly onCancel: () => void;
}) {
  const activity = progress?.activity ?? 'Starting';
  return (
    <section className="notice loading" aria-labelledby="indexing-title">
      <h2 id="indexing-title" className="hidden">
        Indexing
      </h2>
      <p role="status">{activity}…</p>
      {progress === null ? (
        <div className="bar indefinite" aria-hidden="true" />
      ) : (
        <>
          <progress aria-label={activity} value={progress.done} max={Math.max(1, progress.total)} />
          <p className="note">{detailOf(progress)}</p>
        </>
      )}
      <button type="button" className="button" onClick={onCancel}>
        Cancel
      </button>
    </section>
  );
}

function detailOf({ done, total, unit, rate, left, skipped }: IndexingProgress): string {
  const parts = [`${count(done)} of ${count(total)} ${unit}`];
  if (rate !== undefined) parts.push(`${rate < 10 ? rate.toFixed(1) : count(Math.round(rate))} a second`);
  if (left !== undefined) parts.push(`${duration(left)} left`);
  if (skipped > 0) parts.push(`${counted(skipped, 'file')} left out`);
  return parts.join(', ');
}
