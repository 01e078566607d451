import { useMemo } from 'react';
import { Alone, Failure, Loading } from '../components/notice.tsx';
import type { Query } from '../engine.ts';
import { apiEngine } from '../state/api-engine.ts';
import { useClient } from '../state/context.ts';
import { useResource } from '../state/resource.ts';
import { firstView, go, hrefOf, type Route, searchFor } from '../state/route.ts';
import { SearchView } from './search-view.tsx';

/** Searches one index of the server; the query is the address's picture, or else the file that was opened last. */
export function SearchPage({
  route,
  index,
  file,
  onFile,
}: {
  readonly route: Extract<Route, { page: 'search' }>;
  readonly index: string;
  readonly file: File | null;
  readonly onFile: (file: File) => void;
}) {
  const client = useClient();
  const engine = useMemo(() => apiEngine(client, index), [client, index]);
  const described = useResource(`describe ${index}`, () => engine.describe());
  const asked = useResource(route.picture, (signal) => client.picture(route.picture ?? '', signal));
  const opened = useMemo<Query | null>(() => (file === null ? null : { kind: 'file', file }), [file]);
  const picture = asked.state === 'ready' && route.picture !== null ? asked.value : null;
  const indexed = useMemo<Query | null>(() => (picture === null ? null : { kind: 'picture', picture }), [picture]);
  const failed = [described, ...(route.picture === null ? [] : [asked])].find(({ state }) => state === 'failed');
  if (failed?.state === 'failed') {
    return (
      <Alone heading="Search">
        <Failure error={failed.error} retry={failed.retry} />
      </Alone>
    );
  }
  if (described.state !== 'ready' || (route.picture !== null && indexed === null)) {
    return (
      <Alone heading="Search">
        <Loading what="Opening the index" />
      </Alone>
    );
  }
  return (
    <SearchView
      key={index}
      engine={engine}
      description={described.value}
      query={route.picture === null ? opened : indexed}
      k={route.k}
      onFile={(chosen) => {
        onFile(chosen);
        if (route.picture !== null) go({ ...firstView('search', index), k: route.k } as Route);
      }}
      onK={(k) => go({ ...route, index, k })}
      pick={{
        href: ({ id }) => hrefOf(searchFor(index, id, route.k)),
        onPick: ({ id }) => go(searchFor(index, id, route.k)),
      }}
    />
  );
}
