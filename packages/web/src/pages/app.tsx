import type { IndexCard } from 'neurodex/client';
import { type ReactNode, useMemo, useState } from 'react';
import { IndexChooser } from '../components/index-chooser.tsx';
import { NoticePage } from '../components/notice.tsx';
import { TokenForm } from '../components/token-form.tsx';
import { EngineError } from '../engine.ts';
import { createClient } from '../state/client.ts';
import { AddressContext, BytesContext, ClientContext, useClient } from '../state/context.ts';
import { useFragment } from '../state/navigation.ts';
import { useResource } from '../state/resource.ts';
import { PAGE_TITLES, parseRoute, type Route } from '../state/route.ts';
import { keepToken, readToken } from '../state/token.ts';
import { CataloguePage } from './catalogue-page.tsx';
import { ComparePage } from './compare-page.tsx';
import { MeasuresPage } from './measures-page.tsx';
import { noticeOf } from './page-notice.tsx';
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
          <CurrentPage
            key={token}
            hasToken={token !== null}
            onToken={(entered) => {
              keepToken(entered);
              setToken(entered);
            }}
          />
        </AddressContext>
      </BytesContext>
    </ClientContext>
  );
}

/** The page of the address, in its shell. */
function CurrentPage({
  hasToken,
  onToken,
}: {
  /** Whether the visitor entered a token, which may be wrong. */
  readonly hasToken: boolean;
  readonly onToken: (token: string) => void;
}) {
  const client = useClient();
  const route = parseRoute(useFragment());
  const resource = useResource('indexes', (signal) => client.indexes(signal));
  const indexes = resource.state === 'ready' ? resource.value : [];
  const index = indexOf(route, indexes);
  const title = titleOf(route, index);
  const content = (): ReactNode => {
    if (resource.state === 'failed' && resource.error instanceof EngineError && resource.error.status === 401) {
      return <TokenForm wrong={hasToken} onToken={onToken} />;
    }
    const notice = noticeOf(resource, route, index);
    if (notice !== null) return <NoticePage heading={title}>{notice}</NoticePage>;
    if (route?.page === 'compare') return <ComparePage indexes={indexes} chosen={route.indexes} />;
    if (route === null || index === undefined) return null;
    switch (route.page) {
      case 'search':
        return <SearchPage route={route} index={index.id} />;
      case 'catalogue':
        return <CataloguePage route={route} index={index.id} writable={index.writable} />;
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

function indexOf(route: Route | null, indexes: readonly IndexCard[]): IndexCard | undefined {
  if (route === null || route.page === 'compare' || route.index === null) {
    return indexes.find((index) => index.default) ?? indexes[0];
  }
  return indexes.find(({ id }) => id === route.index);
}

function titleOf(route: Route | null, index: IndexCard | undefined): string {
  if (route === null) return 'No such page';
  if (route.page === 'compare') return 'Compare indexes';
  const page = PAGE_TITLES[route.page];
  return index === undefined ? page : `${page} of ${index.name}`;
}
