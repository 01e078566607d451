import type { IndexCard, MeasuredReport } from 'neurodex/client';
import { columnsOf } from '../components/measures-columns.ts';
import { MeasuresTable } from '../components/measures-table.tsx';
import { Notice } from '../components/notice.tsx';
import { PendingReport } from '../components/pending-report.tsx';
import { counted } from '../state/format.ts';
import { go } from '../state/navigation.ts';
import { type ReportState, useReports } from '../state/report.ts';
import { hrefOf } from '../state/route.ts';
import { MeasuresFigure } from './measures-figure.tsx';

/** Measures of several indexes side by side. */
export function ComparePage({
  indexes,
  chosen,
}: {
  readonly indexes: readonly IndexCard[];
  /** Ids from the address; the page ignores unknown ones. */
  readonly chosen: readonly string[];
}) {
  const compared = indexes.filter(({ id }) => chosen.includes(id));
  const reports = useReports(compared.map(({ id }) => id));
  return (
    <>
      <h1>Compare indexes</h1>
      <IndexCheckboxes indexes={indexes} chosen={chosen} />
      {indexes.length < 2 ? (
        <Notice title="This server has one index.">
          <p>
            Serve several to compare them: <code>neurodex serve one.index other.index</code>.{' '}
            <a href={hrefOf({ page: 'measures', index: indexes[0]?.id ?? null })}>Measures</a> compares the systems of
            this one.
          </p>
        </Notice>
      ) : compared.length < 2 ? (
        <Notice title="Pick two indexes or more." />
      ) : (
        <Comparison indexes={compared} reports={reports} />
      )}
    </>
  );
}

function IndexCheckboxes({
  indexes,
  chosen,
}: {
  readonly indexes: readonly IndexCard[];
  readonly chosen: readonly string[];
}) {
  const choose = (id: string, on: boolean): void => {
    const ids = indexes.map((index) => index.id).filter((one) => (one === id ? on : chosen.includes(one)));
    go({ page: 'compare', indexes: ids });
  };
  return (
    <fieldset className="chooser">
      <legend>Indexes of this server</legend>
      {indexes.map(({ id, name, dataset, catalogue, systems }) => (
        <label key={id} className="check">
          <input
            type="checkbox"
            checked={chosen.includes(id)}
            onChange={({ currentTarget }) => choose(id, currentTarget.checked)}
          />
          <span>
            {name}
            <span className="note">
              {' '}
              {dataset.name}, {counted(catalogue, 'picture')}, {systems.join(', ')}
            </span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

interface MeasuredIndex {
  readonly index: IndexCard;
  readonly report: MeasuredReport;
}

/** The measures that are ready, and the progress of the others. */
function Comparison({
  indexes,
  reports,
}: {
  readonly indexes: readonly IndexCard[];
  /** By id of the index. */
  readonly reports: ReadonlyMap<string, ReportState>;
}) {
  const measured = indexes.flatMap((index): MeasuredIndex[] => {
    const state = reports.get(index.id);
    return state?.state === 'ready' ? [{ index, report: state.report }] : [];
  });
  const columns = measured.flatMap(({ index, report }) =>
    columnsOf(report).map((column) => ({ ...column, key: `${index.id} ${column.key}`, group: index.name })),
  );
  return (
    <>
      {indexes.map(({ id, name }) => (
        <PendingReport key={id} report={reports.get(id)} name={name} />
      ))}
      {measured.length === 0 ? null : (
        <>
          <Comparability measured={measured} />
          <MeasuresTable caption="Measures of each system of each index" columns={columns} />
          <p className="note">Below each value is its 95 % confidence interval over queries.</p>
          <div className="charts">
            <MeasuresFigure title="Measures with intervals" columns={columns} />
          </div>
        </>
      )}
    </>
  );
}

/** The queries and catalogue of each index, and a warning where they differ: their measures are then not comparable. */
function Comparability({ measured }: { readonly measured: readonly MeasuredIndex[] }) {
  const tasks = new Set(
    measured.map(({ index, report }) =>
      [index.dataset.name, report.split, report.evaluation.queries, report.evaluation.catalogue].join(),
    ),
  );
  return (
    <>
      <ul className="plain-list">
        {measured.map(({ index, report: { evaluation, split } }) => (
          <li key={index.id}>
            <strong>{index.name}</strong>: {counted(evaluation.queries, `${split} query`, `${split} queries`)} over{' '}
            {counted(evaluation.catalogue, 'catalogue picture')} of {index.dataset.name}
          </li>
        ))}
      </ul>
      {tasks.size === 1 ? null : (
        <p className="notice">
          <strong>Take care:</strong> these indexes were measured on different queries or catalogues. The larger a
          catalogue, the harder the search.
        </p>
      )}
    </>
  );
}
