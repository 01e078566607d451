import { count } from '../state/format.ts';

/** The visible part of a long list, with links to the other parts. */
export function Pager({
  offset,
  shown,
  total,
  limit,
  hrefOf,
  onOffset,
}: {
  readonly offset: number;
  readonly shown: number;
  readonly total: number;
  readonly limit: number;
  readonly hrefOf: (offset: number) => string;
  /** Goes to a part that the visitor named. */
  readonly onOffset: (offset: number) => void;
}) {
  const before = offset > 0;
  const after = offset + shown < total;
  if (!before && !after) return null;
  const pages = Math.ceil(total / limit);
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
      {pages > 2 ? <PageField page={Math.floor(offset / limit) + 1} {...{ pages, limit, onOffset }} /> : null}
      {link('Next', offset + limit, after)}
      {link('Last', (pages - 1) * limit, after)}
    </nav>
  );
}

/** Takes the number of a page: of a million pictures, no list of links would have it. */
function PageField({
  page,
  pages,
  limit,
  onOffset,
}: {
  readonly page: number;
  readonly pages: number;
  readonly limit: number;
  readonly onOffset: (offset: number) => void;
}) {
  return (
    <form
      key={page}
      onSubmit={(event) => {
        event.preventDefault();
        const asked = Number(new FormData(event.currentTarget).get('page'));
        if (Number.isInteger(asked) && asked >= 1) onOffset((Math.min(asked, pages) - 1) * limit);
      }}
    >
      <label className="field">
        Page
        <input type="number" name="page" min={1} max={pages} defaultValue={page} required />
      </label>
      <span className="note">of {count(pages)}</span>
      <button type="submit" className="button">
        Go
      </button>
    </form>
  );
}
