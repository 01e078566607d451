import type { PicturePage } from 'neurodex/client';
import { useState } from 'react';
import { CatalogueEditor, RemoveButton } from '../components/catalogue-editor.tsx';
import { LabelChooser } from '../components/label-chooser.tsx';
import { Failure, Loading, Notice } from '../components/notice.tsx';
import { Pager } from '../components/pager.tsx';
import type { PickPicture } from '../components/picture-action.tsx';
import { PictureGrid } from '../components/picture-grid.tsx';
import type { Role } from '../engine.ts';
import { useClient } from '../state/context.ts';
import { type Editing, useEditing } from '../state/editing.ts';
import { counted } from '../state/format.ts';
import { go } from '../state/navigation.ts';
import { useResource } from '../state/resource.ts';
import { firstView, hrefOf, ROLES, type Route, searchFor } from '../state/route.ts';
import { useChange } from '../state/use-change.ts';

/** Pictures on one page. */
const LIMIT = 60;

const ROLE_WORDS: Readonly<Record<Role, string>> = {
  catalogue: 'Catalogue',
  train: 'Training queries',
  validation: 'Validation queries',
  test: 'Test queries',
};

const pickOf = (index: string): PickPicture => ({
  href: ({ id }) => hrefOf(searchFor(index, id)),
  onPick: ({ id }) => go(searchFor(index, id)),
});

type CatalogueRoute = Extract<Route, { page: 'catalogue' }>;

/** The pictures of an index, by role and label. */
export function CataloguePage({
  route,
  index,
  writable,
}: {
  readonly route: CatalogueRoute;
  readonly index: string;
  /** Whether the server takes changes of the index. */
  readonly writable: boolean;
}) {
  const client = useClient();
  const { role, label, offset } = route;
  const [changes, setChanges] = useState(0);
  const resource = useResource(`pictures ${hrefOf({ ...route, index })} ${changes}`, (signal) =>
    client.pictures(
      index,
      { ...(role === null ? {} : { role }), ...(label === null ? {} : { label }), offset, limit: LIMIT },
      signal,
    ),
  );
  const page = resource.state === 'failed' ? undefined : resource.value;
  const editing = useEditing(index, () => setChanges((n) => n + 1));
  useChange(offset, () => scrollTo({ top: 0 }));
  return (
    <>
      <h1>Catalogue</h1>
      {writable ? <CatalogueEditor editing={editing} pick={pickOf(index)} /> : null}
      <CatalogueFilter route={route} page={page} onFilter={(filter) => go({ ...route, index, offset: 0, ...filter })} />
      {resource.state === 'failed' ? <Failure error={resource.error} retry={resource.retry} /> : null}
      {resource.state === 'loading' && page === undefined ? <Loading activity="Loading the catalogue" /> : null}
      {page === undefined ? null : (
        <section aria-label="Pictures" aria-busy={resource.state === 'loading'}>
          <CataloguePictures page={page} index={index} editing={writable ? editing : undefined} />
          <Pager
            offset={page.offset}
            shown={page.pictures.length}
            total={page.total}
            limit={LIMIT}
            hrefOf={(to) => hrefOf({ ...route, index, offset: to })}
            onOffset={(to) => go({ ...route, index, offset: to })}
          />
        </section>
      )}
    </>
  );
}

function CatalogueFilter({
  route: { role, label },
  page,
  onFilter,
}: {
  readonly route: CatalogueRoute;
  /** Undefined until it has loaded. */
  readonly page: PicturePage | undefined;
  readonly onFilter: (filter: Partial<Pick<CatalogueRoute, 'role' | 'label'>>) => void;
}) {
  return (
    <form className="filter" onSubmit={(event) => event.preventDefault()}>
      <label className="field">
        Pictures
        <select
          value={role ?? ''}
          onChange={({ currentTarget: { value } }) => onFilter({ role: ROLES.find((name) => name === value) ?? null })}
        >
          <option value="">All</option>
          {ROLES.map((name) => (
            <option key={name} value={name}>
              {ROLE_WORDS[name]}
            </option>
          ))}
        </select>
      </label>
      <LabelChooser labels={page?.labels ?? []} label={label} onLabel={(chosen) => onFilter({ label: chosen })} />
      <p className="note" role="status">
        {page === undefined ? '' : counted(page.total, 'picture')}
      </p>
    </form>
  );
}

function CataloguePictures({
  page: { pictures },
  index,
  editing,
}: {
  readonly page: PicturePage;
  readonly index: string;
  readonly editing: Editing | undefined;
}) {
  if (pictures.length === 0) {
    return (
      <Notice title="No picture matches the filter.">
        <p>
          <a href={hrefOf(firstView('catalogue', index))}>Show all pictures of the index</a>
        </p>
      </Notice>
    );
  }
  return (
    <PictureGrid
      pictures={pictures.filter(({ id }) => editing?.removals.hidden.has(id) !== true)}
      roles
      pick={pickOf(index)}
      action={editing?.isOpen === true ? (picture) => <RemoveButton picture={picture} editing={editing} /> : undefined}
    />
  );
}
