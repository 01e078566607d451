import { Fragment } from 'react';

/** Names and what they are. */
export function Facts({ entries }: { readonly entries: readonly (readonly [string, string])[] }) {
  return (
    <dl className="facts">
      {entries.map(([term, what]) => (
        <Fragment key={term}>
          <dt>{term}</dt>
          <dd>{what}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
