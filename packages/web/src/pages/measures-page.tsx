import type { IndexDetails, MeasuredReport } from 'neurodex/client';
import { Figure } from '../charts/figure.tsx';
import { IntervalChart } from '../charts/interval-chart.tsx';
import { LineChart } from '../charts/line-chart.tsx';
import { Facts } from '../components/facts.tsx';
import { type MeasuresColumn, MeasuresTable, measuresOf } from '../components/measures-table.tsx';
import { Failure, Loading } from '../components/notice.tsx';
import { useClient } from '../state/context.ts';
import { bytes, count, counted, day, duration, figure, signed } from '../state/format.ts';
import { type ReportState, useReports } from '../state/report.ts';
import { useResource } from '../state/resource.ts';
import { LearningCharts } from './learning-charts.tsx';

type PairwiseTest = MeasuredReport['tests'][number];

/** What an index is worth: its measures, tests and curves, and what it was made from. */
export function MeasuresPage({ index }: { readonly index: string }) {
  const client = useClient();
  const details = useResource(`index ${index}`, (signal) => client.index(index, signal));
  const report = useReports([index]).get(index);
  return (
    <>
      <h1>Measures</h1>
      {report?.state === 'ready' ? <Measured report={report.report} /> : <Waiting report={report} />}
      {details.state === 'failed' ? <Failure error={details.error} retry={details.retry} /> : null}
      {details.state === 'ready' ? <About details={details.value} /> : null}
    </>
  );
}

/** A report that is not there yet. */
export function Waiting({ report, name }: { readonly report: ReportState | undefined; readonly name?: string }) {
  if (report?.state === 'ready') return null;
  if (report?.state === 'failed') return <Failure error={report.error} retry={report.retry} />;
  const progress = report?.progress ?? null;
  const what = name === undefined ? 'Measuring' : `Measuring ${name}`;
  return progress === null || progress.total === 0 ? (
    <Loading what={what} />
  ) : (
    <Loading
      what={`${what}, ${count(progress.done)} of ${counted(progress.total, 'query', 'queries')}`}
      done={progress.done}
      total={progress.total}
    />
  );
}

export const columnsOf = ({ evaluation }: MeasuredReport): MeasuresColumn[] =>
  Object.entries(evaluation.systems).map(([system, metrics]) => ({
    key: system,
    title: system,
    metrics,
    intervals: evaluation.intervals[system] ?? {},
  }));

function Measured({ report }: { readonly report: MeasuredReport }) {
  const { evaluation, tests, level, curves, split, learning } = report;
  const columns = columnsOf(report);
  const left = evaluation.withoutRelevant;
  return (
    <>
      <p className="lead">
        {counted(evaluation.queries, `${split} query`, `${split} queries`)} over{' '}
        {counted(evaluation.catalogue, 'catalogue picture')}
        {left === 0 ? '' : `; ${counted(left, 'query', 'queries')} without a relevant picture left out`}.
      </p>
      <div className="pair">
        <div>
          <MeasuresTable caption="Measures of each system" columns={columns} />
          <p className="note">Below each figure its 95 % confidence interval over queries.</p>
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
      {tests.length === 0 ? null : <Tests tests={tests} level={level} />}
      <LearningCharts learning={learning} />
    </>
  );
}

export function MeasuresFigure({
  title,
  columns,
}: {
  readonly title: string;
  readonly columns: readonly MeasuresColumn[];
}) {
  const labels = measuresOf(columns);
  const names = columns.map(({ title: system, group }) => (group === undefined ? system : `${group}: ${system}`));
  return (
    <Figure
      title={title}
      table={{
        columns: ['measure', ...names],
        rows: labels.map((label) => [
          label,
          ...columns.map(({ metrics, intervals }) => {
            const [value, interval] = [metrics[label], intervals[label]];
            if (value === undefined) return '–';
            return interval === undefined ? figure(value) : `${figure(value)} [${interval.map(figure).join(', ')}]`;
          }),
        ]),
      }}
    >
      <IntervalChart
        title={title}
        series={names}
        rows={labels.map((name) => ({
          name,
          values: columns.map(({ metrics, intervals }) => {
            const value = metrics[name];
            return value === undefined ? null : { value, interval: intervals[name] ?? null };
          }),
        }))}
      />
    </Figure>
  );
}

type Curves = MeasuredReport['curves'];

function PrecisionFigure({ curves }: { readonly curves: Curves }) {
  const systems = Object.entries(curves);
  const levels = systems[0]?.[1].precision.map((_, i, { length }) => i / (length - 1)) ?? [];
  return (
    <Figure
      title="Precision by recall"
      note="interpolated at eleven levels"
      table={{
        columns: ['recall', ...systems.map(([system]) => system)],
        rows: levels.map((level, i) => [
          level.toFixed(1),
          ...systems.map(([, { precision }]) => figure(precision[i] ?? 0)),
        ]),
      }}
    >
      <LineChart
        title="Interpolated precision by recall"
        lines={systems.map(([name, { precision }]) => ({
          name,
          points: precision.map((y, i) => ({ x: levels[i] ?? 0, y })),
        }))}
        x={{ label: 'recall', domain: [0, 1] }}
        y={{ label: 'precision', domain: [0, 1] }}
      />
    </Figure>
  );
}

function RecallFigure({ curves }: { readonly curves: Curves }) {
  const systems = Object.entries(curves);
  const places = systems[0]?.[1].recall.map(({ k }) => k) ?? [];
  return (
    <Figure
      title="Recall by number of answers"
      note="K on a logarithmic axis"
      table={{
        columns: ['K', ...systems.map(([system]) => system)],
        rows: places.map((k, i) => [String(k), ...systems.map(([, { recall }]) => figure(recall[i]?.recall ?? 0))]),
      }}
    >
      <LineChart
        title="Recall by number of answers"
        lines={systems.map(([name, { recall }]) => ({
          name,
          points: recall.map(({ k, recall: y }) => ({ x: k, y })),
        }))}
        x={{ label: 'K', domain: [1, Math.max(2, places.at(-1) ?? 2)], log: true }}
        y={{ label: 'recall', domain: [0, 1] }}
      />
    </Figure>
  );
}

function Tests({ tests, level }: { readonly tests: readonly PairwiseTest[]; readonly level: number }) {
  return (
    <section aria-labelledby="tests-title">
      <h2 id="tests-title">Who is better</h2>
      <p className="note">
        Paired randomisation test, two-sided; p after Holm’s correction over {counted(tests.length, 'test')}; level{' '}
        {level}.
      </p>
      <Winners tests={tests} />
      <details className="behind">
        <summary>All tests</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard. */}
        <section className="scroll" tabIndex={0} aria-label="Tests of each two systems">
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">measure</th>
                <th scope="col">systems</th>
                <th scope="col" className="number">
                  difference
                </th>
                <th scope="col" className="number">
                  p
                </th>
                <th scope="col">better</th>
              </tr>
            </thead>
            <tbody>
              {tests.map(({ measure, systems, difference, interval, pHolm, winner }) => (
                <tr key={`${measure} ${systems.join()}`}>
                  <th scope="row">{measure}</th>
                  <td>{systems.join(' − ')}</td>
                  <td className="number">
                    {signed(difference)}
                    <span className="interval">{interval.map(signed).join(' to ')}</span>
                  </td>
                  <td className="number">{pHolm < 0.0001 ? '< 0.0001' : pHolm.toFixed(4)}</td>
                  <td>{winner ?? 'cannot be told'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </details>
    </section>
  );
}

/** What the tests tell, a line for each two systems. */
function Winners({ tests }: { readonly tests: readonly PairwiseTest[] }) {
  const pairs = new Map<string, Map<string, string[]>>();
  for (const { systems, winner, measure } of tests) {
    const [a, b] = systems;
    const pair = pairs.get(systems.join()) ?? new Map([[`${a} and ${b} cannot be told apart`, []]]);
    if (winner !== null) {
      const outcome = `${winner} is better than ${winner === a ? b : a}`;
      pair.set(outcome, [...(pair.get(outcome) ?? []), measure]);
    }
    pairs.set(systems.join(), pair);
  }
  const lines = [...pairs.values()].flatMap((pair) => {
    const won = [...pair].filter(([, measures]) => measures.length > 0);
    return won.length > 0 ? won.map(([what, on]) => `${what} on ${on.join(', ')}`) : [...pair.keys()];
  });
  return (
    <ul className="plain-list">
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}

function About({ details }: { readonly details: IndexDetails }) {
  const { dataset, catalogue, queries, model, training, created, seed, config, pictures, patchesPerSide, notices } =
    details;
  const facts: [string, string][] = [
    ['data set', dataset.name],
    ['source', dataset.source],
    ['created', `${day(created)}, seed ${seed}`],
    ['catalogue', counted(catalogue, 'picture')],
    ['queries', `${count(queries.train)} train, ${count(queries.validation)} validation, ${count(queries.test)} test`],
    [
      'pictures',
      `${pictures.size} × ${pictures.size} pixels${patchesPerSide === null ? '' : ` in ${patchesPerSide} × ${patchesPerSide} patches`}`,
    ],
    ...(model === null
      ? []
      : [['network', `${counted(model.parameters, 'parameter')}, ${bytes(model.bytes)}`] as [string, string]]),
    ...(training === null
      ? []
      : [['training', `${counted(training.steps, 'step')} in ${duration(training.seconds)}`] as [string, string]]),
  ];
  return (
    <section aria-labelledby="about-title">
      <h2 id="about-title">What it was made from</h2>
      <Facts entries={facts} />
      <Notices notices={notices} />
      <details className="behind">
        <summary>Configuration</summary>
        <div className="configuration">
          {Object.entries(config).map(([name, keys]) => (
            <div key={name}>
              <h3>{name}</h3>
              <Facts
                entries={
                  typeof keys === 'object' && keys !== null
                    ? Object.entries(keys).map(([key, value]) => [key, worded(value)])
                    : [[name, worded(keys)]]
                }
              />
            </div>
          ))}
        </div>
      </details>
    </section>
  );
}

/** Whose pictures these are: licences ask for it. */
function Notices({ notices }: { readonly notices: IndexDetails['notices'] }) {
  if (notices.length === 0) return null;
  return (
    <details className="behind">
      <summary>Whose pictures these are</summary>
      <ul className="plain-list">
        {notices.map(({ work, author, licence, url }) => (
          <li key={`${work} ${url}`}>
            {/^https?:/.test(url) ? <a href={url}>{work}</a> : work} by {author}, {licence}
          </li>
        ))}
      </ul>
    </details>
  );
}

const worded = (value: unknown): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
