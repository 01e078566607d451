import { Fragment } from 'react';

/** A list of terms with their values. */
export function Facts({ entries }: { readonly entries: readonly (readonly [string, string])[] }) {
  return (
    <dl className="facts">
      {entries.map(([term, value]) => (
        <Fragment key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
