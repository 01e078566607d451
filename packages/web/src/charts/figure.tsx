import type { ReactNode } from 'react';

export interface ChartTable {
  readonly columns: readonly string[];
  /** The first cell names the row. */
  readonly rows: readonly (readonly string[])[];
}

/** A chart with the table behind it: the same figures for those who cannot see it, or want to copy them. */
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
          The figures<span className="hidden"> of {title}</span>
        </summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard. */}
        <section className="scroll" tabIndex={0} aria-label={`Figures of ${title}`}>
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
