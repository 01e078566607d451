import { figure } from '../state/format.ts';
import { groupsOf, type MeasuresColumn, measuresOf } from './measures-columns.ts';

interface Columns {
  readonly columns: readonly MeasuresColumn[];
}

/** Measures with their intervals; the best value of each row is marked. */
export function MeasuresTable({ caption, columns }: Columns & { readonly caption: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard must reach a scrolling region.
    <section className="scroll" tabIndex={0} aria-label={caption}>
      <table className="measures">
        <caption className="hidden">{caption}</caption>
        <MeasuresHead columns={columns} />
        <tbody>
          {measuresOf(columns).map((measure) => (
            <MeasureRow key={measure} measure={measure} columns={columns} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function MeasuresHead({ columns }: Columns) {
  const groups = groupsOf(columns);
  return (
    <thead>
      {groups.length === 0 ? null : (
        <tr>
          <td />
          {groups.map(({ name, span }) => (
            <th key={name} scope="colgroup" colSpan={span} className="group">
              {name}
            </th>
          ))}
        </tr>
      )}
      <tr>
        <th scope="col">measure</th>
        {columns.map(({ key, title }) => (
          <th key={key} scope="col" className="number">
            {title}
          </th>
        ))}
      </tr>
    </thead>
  );
}

function MeasureRow({ measure, columns }: Columns & { readonly measure: string }) {
  const best = Math.max(...columns.map(({ metrics }) => metrics[measure] ?? Number.NEGATIVE_INFINITY));
  return (
    <tr>
      <th scope="row">{measure}</th>
      {columns.map(({ key, metrics, intervals }) => {
        const value = metrics[measure];
        return (
          <MeasureCell
            key={key}
            value={value}
            interval={intervals[measure]}
            isBest={columns.length > 1 && value === best}
          />
        );
      })}
    </tr>
  );
}

function MeasureCell({
  value,
  interval,
  isBest,
}: {
  readonly value: number | undefined;
  readonly interval: readonly [number, number] | undefined;
  readonly isBest: boolean;
}) {
  if (value === undefined) {
    return (
      <td className="number">
        <span aria-hidden="true">–</span>
        <span className="hidden">not measured</span>
      </td>
    );
  }
  return (
    <td className={`number${isBest ? ' best' : ''}`}>
      {figure(value)}
      {isBest ? <span className="hidden"> (best)</span> : null}
      {interval === undefined ? null : (
        <span className="interval">
          {figure(interval[0])} to {figure(interval[1])}
        </span>
      )}
    </td>
  );
}
