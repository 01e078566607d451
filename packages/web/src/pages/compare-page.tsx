import type { IndexCard, MeasuredReport } from 'neurodex/client';
import { MeasuresTable } from '../components/measures-table.tsx';
import { Empty } from '../components/notice.tsx';
import { counted } from '../state/format.ts';
import { useReports } from '../state/report.ts';
import { go, hrefOf } from '../state/route.ts';
import { columnsOf, MeasuresFigure, Waiting } from './measures-page.tsx';

/** Measures of several indexes side by side. */
export function ComparePage({
  indexes,
  chosen,
}: {
  readonly indexes: readonly IndexCard[];
  /** Ids, as the address has them; unknown ones are passed over. */
  readonly chosen: readonly string[];
}) {
  const compared = indexes.filter(({ id }) => chosen.includes(id));
  const reports = useReports(compared.map(({ id }) => id));
  const ready = compared.flatMap((index) => {
    const state = reports.get(index.id);
    return state?.state === 'ready' ? [{ index, report: state.report }] : [];
  });
  const choose = (id: string, on: boolean): void => {
    const ids = indexes.map((index) => index.id).filter((one) => (one === id ? on : chosen.includes(one)));
    go({ page: 'compare', indexes: ids });
  };
  return (
    <>
      <h1>Compare indexes</h1>
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
      {indexes.length < 2 ? (
        <Empty title="This server has one index.">
          <p>
            Serve several to compare them: <code>neurodex serve one.index other.index</code>. The systems of this one
            stand side by side under <a href={hrefOf({ page: 'measures', index: indexes[0]?.id ?? null })}>Measures</a>.
          </p>
        </Empty>
      ) : compared.length < 2 ? (
        <Empty title="Pick two indexes or more." />
      ) : (
        <>
          {compared.map(({ id, name }) => (
            <Waiting key={id} report={reports.get(id)} name={name} />
          ))}
          <Compared reports={ready} />
        </>
      )}
    </>
  );
}

interface Measured {
  readonly index: IndexCard;
  readonly report: MeasuredReport;
}

function Compared({ reports }: { readonly reports: readonly Measured[] }) {
  if (reports.length === 0) return null;
  const columns = reports.flatMap(({ index, report }) =>
    columnsOf(report).map((column) => ({ ...column, key: `${index.id} ${column.key}`, group: index.name })),
  );
  return (
    <>
      <Comparability reports={reports} />
      <MeasuresTable caption="Measures of each system of each index" columns={columns} />
      <p className="note">Below each figure its 95 % confidence interval over queries.</p>
      <div className="charts">
        <MeasuresFigure title="Measures with intervals" columns={columns} />
      </div>
    </>
  );
}

/** Figures of different queries, or over catalogues of different size, are not figures of the same thing. */
function Comparability({ reports }: { readonly reports: readonly Measured[] }) {
  const sizes = new Set(
    reports.map(({ index, report }) =>
      [index.dataset.name, report.split, report.evaluation.queries, report.evaluation.catalogue].join(),
    ),
  );
  return (
    <>
      <ul className="plain-list">
        {reports.map(({ index, report: { evaluation, split } }) => (
          <li key={index.id}>
            <strong>{index.name}</strong>: {counted(evaluation.queries, `${split} query`, `${split} queries`)} over{' '}
            {counted(evaluation.catalogue, 'catalogue picture')} of {index.dataset.name}
          </li>
        ))}
      </ul>
      {sizes.size === 1 ? null : (
        <p className="notice">
          <strong>Take care:</strong> these indexes were measured on different queries or catalogues. The larger a
          catalogue, the harder it is to find something in it.
        </p>
      )}
    </>
  );
}
