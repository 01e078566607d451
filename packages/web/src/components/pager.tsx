import { count } from '../state/format.ts';

/** The visible part of a long list, with links to the other parts. */
export function Pager({
  offset,
  shown,
  total,
  limit,
  hrefOf,
}: {
  readonly offset: number;
  readonly shown: number;
  readonly total: number;
  readonly limit: number;
  readonly hrefOf: (offset: number) => string;
}) {
  const before = offset > 0;
  const after = offset + shown < total;
  if (!before && !after) return null;
  const lastOffset = Math.floor((total - 1) / limit) * limit;
  const link = (text: string, to: number, enabled: boolean) =>
    enabled ? (
      <a className="button" href={hrefOf(to)}>
        {text}
      </a>
    ) : (
      <span className="button" aria-disabled="true">
        {text}
      </span>
    );
  return (
    <nav className="pager" aria-label="Pages of the catalogue">
      {link('First', 0, before)}
      {link('Previous', Math.max(0, offset - limit), before)}
      <span className="note">
        {count(offset + 1)} to {count(offset + shown)} of {count(total)}
      </span>
      {link('Next', offset + limit, after)}
      {link('Last', lastOffset, after)}
    </nav>
  );
}
