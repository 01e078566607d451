import { figure } from '../state/format.ts';

/** A column of measures: one system of one index. */
export interface MeasuresColumn {
  readonly key: string;
  readonly title: string;
  /** Above the title, where columns belong together. */
  readonly group?: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly intervals: Readonly<Record<string, readonly [number, number]>>;
}

/** All measures that some column has, in the order of the first that has them. */
export const measuresOf = (columns: readonly MeasuresColumn[]): string[] => [
  ...new Set(columns.flatMap(({ metrics }) => Object.keys(metrics))),
];

/** Measures with their intervals, the best of each row marked. */
export function MeasuresTable({
  caption,
  columns,
}: {
  readonly caption: string;
  readonly columns: readonly MeasuresColumn[];
}) {
  const groups = groupsOf(columns);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard.
    <section className="scroll" tabIndex={0} aria-label={caption}>
      <table className="measures">
        <caption className="hidden">{caption}</caption>
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
        <tbody>
          {measuresOf(columns).map((label) => {
            const best = Math.max(...columns.map(({ metrics }) => metrics[label] ?? Number.NEGATIVE_INFINITY));
            return (
              <tr key={label}>
                <th scope="row">{label}</th>
                {columns.map(({ key, metrics, intervals }) => {
                  const value = metrics[label];
                  const interval = intervals[label];
                  if (value === undefined) {
                    return (
                      <td key={key} className="number">
                        <span aria-hidden="true">–</span>
                        <span className="hidden">not measured</span>
                      </td>
                    );
                  }
                  const isBest = columns.length > 1 && value === best;
                  return (
                    <td key={key} className={`number${isBest ? ' best' : ''}`}>
                      {figure(value)}
                      {isBest ? <span className="hidden"> (best)</span> : null}
                      {interval === undefined ? null : (
                        <span className="interval">
                          {figure(interval[0])} to {figure(interval[1])}
                        </span>
                      )}
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function groupsOf(columns: readonly MeasuresColumn[]): { name: string; span: number }[] {
  const groups: { name: string; span: number }[] = [];
  for (const { group } of columns) {
    if (group === undefined) return [];
    const last = groups.at(-1);
    if (last?.name === group) last.span++;
    else groups.push({ name: group, span: 1 });
  }
  return groups;
}
