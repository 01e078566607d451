import type { IndexCard } from 'neurodex/client';
import { type ReactNode, useMemo, useState } from 'react';
import { Alone, Empty, Failure, Loading } from '../components/notice.tsx';
import { EngineError } from '../engine.ts';
import { createClient } from '../state/client.ts';
import { AddressContext, BytesContext, ClientContext, useClient } from '../state/context.ts';
import { type Resource, useResource } from '../state/resource.ts';
import { firstView, go, hrefOf, parseRoute, type Route, useFragment } from '../state/route.ts';
import { keepToken, readToken } from '../state/token.ts';
import { CataloguePage } from './catalogue-page.tsx';
import { ComparePage } from './compare-page.tsx';
import { MeasuresPage } from './measures-page.tsx';
import { SearchPage } from './search-page.tsx';
import { Shell } from './shell.tsx';

/** The pages of a server. */
export function App() {
  const [token, setToken] = useState(readToken);
  const client = useMemo(() => createClient(token), [token]);
  return (
    <ClientContext value={client}>
      <BytesContext value={token === null ? null : client.bytes}>
        <AddressContext value={client.address}>
          <Pages
            key={token}
            tried={token !== null}
            onToken={(given) => {
              keepToken(given);
              setToken(given);
            }}
          />
        </AddressContext>
      </BytesContext>
    </ClientContext>
  );
}

function Pages({
  tried,
  onToken,
}: {
  /** Whether a token was given, which may be the wrong one. */
  readonly tried: boolean;
  readonly onToken: (token: string) => void;
}) {
  const client = useClient();
  const route = parseRoute(useFragment());
  const [file, setFile] = useState<File | null>(null);
  const known = useResource('indexes', (signal) => client.indexes(signal));
  const indexes = known.state === 'ready' ? known.value : [];
  const index = indexOf(route, indexes);
  const title = titleOf(route, index);
  const content = (): ReactNode => {
    if (known.state === 'failed' && known.error instanceof EngineError && known.error.status === 401) {
      return <AskToken wrong={tried} onToken={onToken} />;
    }
    const notice = noticeInstead(known, route, index);
    if (notice !== null) return <Alone heading={title}>{notice}</Alone>;
    if (route?.page === 'compare') return <ComparePage indexes={indexes} chosen={route.indexes} />;
    if (route === null || index === undefined) return null;
    switch (route.page) {
      case 'search':
        return <SearchPage route={route} index={index.id} file={file} onFile={setFile} />;
      case 'catalogue':
        return <CataloguePage route={route} index={index.id} />;
      case 'measures':
        return <MeasuresPage key={index.id} index={index.id} />;
    }
  };
  return (
    <Shell
      title={title}
      navigation={{
        page: route?.page,
        index: index === undefined || index.default ? null : index.id,
        chooser:
          indexes.length < 2 || route === null || route.page === 'compare' ? null : (
            <IndexChooser indexes={indexes} route={route} index={index} />
          ),
      }}
    >
      {content()}
    </Shell>
  );
}

/** What there is to say where there is no page to show. */
function noticeInstead(
  known: Resource<readonly IndexCard[]>,
  route: Route | null,
  index: IndexCard | undefined,
): ReactNode {
  if (known.state === 'failed') return <Failure error={known.error} retry={known.retry} />;
  if (known.state === 'loading') return <Loading what="Asking the server" />;
  if (route === null) {
    return (
      <Empty title="There is no such page.">
        <p>
          <a href={hrefOf(firstView('search', null))}>Go to the search</a>
        </p>
      </Empty>
    );
  }
  if (known.value.length === 0) {
    return (
      <Empty title="This server has no index.">
        <p>
          Make one with <code>neurodex index SOURCE --out DIR</code> and serve it: <code>neurodex serve DIR</code>.
        </p>
      </Empty>
    );
  }
  if (route.page === 'compare' || index !== undefined) return null;
  return (
    <Empty title={`This server has no index ${route.index}.`}>
      <p>
        <a href={hrefOf(firstView(route.page, null))}>Go to the default one</a>
      </p>
    </Empty>
  );
}

function indexOf(route: Route | null, indexes: readonly IndexCard[]): IndexCard | undefined {
  if (route === null || route.page === 'compare' || route.index === null) {
    return indexes.find((index) => index.default) ?? indexes[0];
  }
  return indexes.find(({ id }) => id === route.index);
}

function titleOf(route: Route | null, index: IndexCard | undefined): string {
  if (route === null) return 'No such page';
  if (route.page === 'compare') return 'Compare indexes';
  const page = { search: 'Search', catalogue: 'Catalogue', measures: 'Measures' }[route.page];
  return index === undefined ? page : `${page} of ${index.name}`;
}

function IndexChooser({
  indexes,
  route,
  index,
}: {
  readonly indexes: readonly IndexCard[];
  readonly route: Exclude<Route, { page: 'compare' }>;
  readonly index: IndexCard | undefined;
}) {
  return (
    <label className="field">
      <span className="hidden">Index</span>
      <select value={index?.id ?? ''} onChange={({ currentTarget }) => go(firstView(route.page, currentTarget.value))}>
        {index === undefined ? <option value="">{route.index}</option> : null}
        {indexes.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function AskToken({ wrong, onToken }: { readonly wrong: boolean; readonly onToken: (token: string) => void }) {
  return (
    <form
      className="token"
      onSubmit={(event) => {
        event.preventDefault();
        onToken(String(new FormData(event.currentTarget).get('token') ?? ''));
      }}
    >
      <h1>This server asks for a token</h1>
      <p>
        It is what <code>neurodex serve --token</code> was told. This tab keeps it until it is closed.
      </p>
      {wrong ? (
        <p className="notice failure" role="alert">
          <strong>That is not the token.</strong>
        </p>
      ) : null}
      <label className="field">
        Token
        <input name="token" type="password" autoComplete="current-password" required />
      </label>
      <button type="submit" className="button primary">
        Go on
      </button>
    </form>
  );
}
