import type { ReactNode } from 'react';

export interface ChartTable {
  readonly columns: readonly string[];
  /** Each row starts with its name. */
  readonly rows: readonly (readonly string[])[];
}

/** A chart with a table of its values, for readers who cannot see the chart or want to copy the values. */
export function Figure({
  title,
  note,
  table,
  children,
}: {
  readonly title: string;
  readonly note?: string;
  readonly table: ChartTable;
  readonly children: ReactNode;
}) {
  return (
    <figure className="figure">
      <figcaption>
        <span className="figure-title">{title}</span>
        {note === undefined ? null : <span className="note"> {note}</span>}
      </figcaption>
      {children}
      <details className="behind">
        <summary>
          Values<span className="hidden"> of {title}</span>
        </summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard must reach a scrolling region. */}
        <section className="scroll" tabIndex={0} aria-label={`Values of ${title}`}>
          <table className="plain">
            <thead>
              <tr>
                {table.columns.map((column, i) => (
                  <th key={column} scope="col" className={i === 0 ? undefined : 'number'}>
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {table.rows.map(([name = '', ...cells]) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  {cells.map((cell, i) => (
                    <td key={table.columns[i + 1]} className="number">
                      {cell}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </details>
    </figure>
  );
}
