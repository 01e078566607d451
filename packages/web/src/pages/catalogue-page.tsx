import { visibleName } from 'neurodex/client';
import { useEffect, useRef } from 'react';
import { Empty, Failure, Loading } from '../components/notice.tsx';
import { Pager } from '../components/pager.tsx';
import { PictureGrid } from '../components/picture-grid.tsx';
import type { Role } from '../engine.ts';
import { useClient } from '../state/context.ts';
import { counted } from '../state/format.ts';
import { useResource } from '../state/resource.ts';
import { go, hrefOf, ROLES, type Route, searchFor } from '../state/route.ts';

/** Pictures on one page. */
const LIMIT = 60;

const ROLE_WORDS: Readonly<Record<Role, string>> = {
  catalogue: 'Catalogue',
  train: 'Training queries',
  validation: 'Validation queries',
  test: 'Test queries',
};

type CatalogueRoute = Extract<Route, { page: 'catalogue' }>;

/** The pictures of an index, by role and label. */
export function CataloguePage({ route, index }: { readonly route: CatalogueRoute; readonly index: string }) {
  const client = useClient();
  const { role, label, offset } = route;
  const page = useResource(`pictures ${hrefOf({ ...route, index })}`, (signal) =>
    client.pictures(
      index,
      { ...(role === null ? {} : { role }), ...(label === null ? {} : { label }), offset, limit: LIMIT },
      signal,
    ),
  );
  const value = page.state === 'failed' ? undefined : page.value;
  useTopOf(offset);
  const show = (changed: Partial<CatalogueRoute>): void => go({ ...route, index, offset: 0, ...changed });
  return (
    <>
      <h1>Catalogue</h1>
      <form className="filter" onSubmit={(event) => event.preventDefault()}>
        <label className="field">
          Pictures
          <select
            value={role ?? ''}
            onChange={({ currentTarget }) => show({ role: ROLES.find((name) => name === currentTarget.value) ?? null })}
          >
            <option value="">All</option>
            {ROLES.map((name) => (
              <option key={name} value={name}>
                {ROLE_WORDS[name]}
              </option>
            ))}
          </select>
        </label>
        <LabelChooser labels={value?.labels ?? []} label={label} onLabel={(chosen) => show({ label: chosen })} />
        <p className="note" role="status">
          {value === undefined ? '' : counted(value.total, 'picture')}
        </p>
      </form>
      {page.state === 'failed' ? <Failure error={page.error} retry={page.retry} /> : null}
      {page.state === 'loading' && value === undefined ? <Loading what="Reading the catalogue" /> : null}
      {value === undefined ? null : (
        <section aria-label="Pictures" aria-busy={page.state === 'loading'}>
          {value.pictures.length === 0 ? (
            <Empty title="No picture is like that.">
              <p>
                <a href={hrefOf({ page: 'catalogue', index, role: null, label: null, offset: 0 })}>
                  Show all pictures of the index
                </a>
              </p>
            </Empty>
          ) : (
            <PictureGrid
              pictures={value.pictures}
              roles
              pick={{
                href: ({ id }) => hrefOf(searchFor(index, id)),
                onPick: ({ id }) => go(searchFor(index, id)),
              }}
            />
          )}
          <Pager
            offset={value.offset}
            shown={value.pictures.length}
            total={value.total}
            limit={LIMIT}
            hrefOf={(to) => hrefOf({ ...route, index, offset: to })}
          />
        </section>
      )}
    </>
  );
}

/** The next part of a long list is read from its top. */
function useTopOf(offset: number): void {
  const before = useRef(offset);
  useEffect(() => {
    if (before.current === offset) return;
    before.current = offset;
    scrollTo({ top: 0 });
  }, [offset]);
}

/** A list while labels are few; where they are many, one types and is helped. */
function LabelChooser({
  labels,
  label,
  onLabel,
}: {
  readonly labels: readonly string[];
  readonly label: string | null;
  readonly onLabel: (label: string | null) => void;
}) {
  if (labels.length === 0 && label === null) return null;
  if (labels.length <= 200) {
    const known = label === null || labels.includes(label) ? labels : [label, ...labels];
    return (
      <label className="field">
        Label
        <select value={label ?? ''} onChange={({ currentTarget }) => onLabel(currentTarget.value || null)}>
          <option value="">All</option>
          {known.map((name) => (
            // The text alone would lose a space at its end, and name another label.
            <option key={name} value={name}>
              {visibleName(name)}
            </option>
          ))}
        </select>
      </label>
    );
  }
  return (
    <label className="field">
      Label
      <input
        key={label}
        type="search"
        list="labels"
        defaultValue={label ?? ''}
        onChange={({ currentTarget: { value } }) => {
          if (value === '' || labels.includes(value)) onLabel(value || null);
        }}
      />
      <datalist id="labels">
        {labels.map((name) => (
          <option key={name} value={name}>
            {visibleName(name)}
          </option>
        ))}
      </datalist>
    </label>
  );
}
