import { count, counted } from '../state/format.ts';
import type { ReportState } from '../state/report.ts';
import { Failure, Loading } from './notice.tsx';

/** The progress, or the failure, of a report that is not ready. @param name of the index, where a page shows several */
export function PendingReport({ report, name }: { readonly report: ReportState | undefined; readonly name?: string }) {
  if (report?.state === 'ready') return null;
  if (report?.state === 'failed') return <Failure error={report.error} retry={report.retry} />;
  const progress = report?.progress ?? null;
  const activity = name === undefined ? 'Measuring' : `Measuring ${name}`;
  return progress === null || progress.total === 0 ? (
    <Loading activity={activity} />
  ) : (
    <Loading
      activity={`${activity}, ${count(progress.done)} of ${counted(progress.total, 'query', 'queries')}`}
      done={progress.done}
      total={progress.total}
    />
  );
}
