import type { MeasuredReport } from 'neurodex/client';
import { columnsOf } from '../components/measures-columns.ts';
import { MeasuresTable } from '../components/measures-table.tsx';
import { Failure } from '../components/notice.tsx';
import { PairwiseTests } from '../components/pairwise-tests.tsx';
import { PendingReport } from '../components/pending-report.tsx';
import { useClient } from '../state/context.ts';
import { counted } from '../state/format.ts';
import { useReports } from '../state/report.ts';
import { useResource } from '../state/resource.ts';
import { AboutIndex } from './about-index.tsx';
import { PrecisionFigure, RecallFigure } from './curve-figures.tsx';
import { LearningCharts } from './learning-charts.tsx';
import { MeasuresFigure } from './measures-figure.tsx';

/** The quality of an index: its measures, significance tests and curves, and its origin. */
export function MeasuresPage({ index }: { readonly index: string }) {
  const client = useClient();
  const details = useResource(`index ${index}`, (signal) => client.index(index, signal));
  const report = useReports([index]).get(index);
  return (
    <>
      <h1>Measures</h1>
      {report?.state === 'ready' ? <IndexMeasures report={report.report} /> : <PendingReport report={report} />}
      {details.state === 'failed' ? <Failure error={details.error} retry={details.retry} /> : null}
      {details.state === 'ready' ? <AboutIndex details={details.value} /> : null}
    </>
  );
}

function IndexMeasures({ report }: { readonly report: MeasuredReport }) {
  const { evaluation, tests, level, curves, split, learning } = report;
  const columns = columnsOf(report);
  const leftOut = evaluation.withoutRelevant;
  return (
    <>
      <p className="lead">
        {counted(evaluation.queries, `${split} query`, `${split} queries`)} over{' '}
        {counted(evaluation.catalogue, 'catalogue picture')}
        {leftOut === 0 ? '' : `; ${counted(leftOut, 'query', 'queries')} without a relevant picture left out`}.
      </p>
      <div className="pair">
        <div>
          <MeasuresTable caption="Measures of each system" columns={columns} />
          <p className="note">Below each value is its 95 % confidence interval over queries.</p>
        </div>
        <MeasuresFigure title="Measures with intervals" columns={columns} />
      </div>
      <section aria-labelledby="curves-title">
        <h2 id="curves-title">Precision and recall</h2>
        <div className="charts">
          <PrecisionFigure curves={curves} />
          <RecallFigure curves={curves} />
        </div>
      </section>
      {tests.length === 0 ? null : <PairwiseTests tests={tests} level={level} />}
      <LearningCharts learning={learning} />
    </>
  );
}
