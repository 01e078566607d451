import { useMemo } from 'react';
import { Failure, Loading, NoticePage } from '../components/notice.tsx';
import type { Query } from '../engine.ts';
import { apiEngine } from '../state/api-engine.ts';
import { useClient } from '../state/context.ts';
import { useResource } from '../state/resource.ts';
import { go, hrefOf, type Route, searchFor } from '../state/route.ts';
import { SearchView } from './search-view.tsx';

/** Searches one index of the server. The query is the picture in the address, or else the file that was opened last. */
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
  const description = useResource(`describe ${index}`, () => engine.describe());
  const stored = useResource(route.picture, (signal) => client.picture(route.picture ?? '', signal));
  const fileQuery = useMemo<Query | null>(() => (file === null ? null : { kind: 'file', file }), [file]);
  const picture = stored.state === 'ready' && route.picture !== null ? stored.value : null;
  const storedQuery = useMemo<Query | null>(() => (picture === null ? null : { kind: 'picture', picture }), [picture]);
  const failed = [description, ...(route.picture === null ? [] : [stored])].find(({ state }) => state === 'failed');
  if (failed?.state === 'failed') {
    return (
      <NoticePage heading="Search">
        <Failure error={failed.error} retry={failed.retry} />
      </NoticePage>
    );
  }
  if (description.state !== 'ready' || (route.picture !== null && storedQuery === null)) {
    return (
      <NoticePage heading="Search">
        <Loading activity="Opening the index" />
      </NoticePage>
    );
  }
  return (
    <SearchView
      key={index}
      engine={engine}
      description={description.value}
      query={route.picture === null ? fileQuery : storedQuery}
      k={route.k}
      onFile={(chosen) => {
        onFile(chosen);
        if (route.picture !== null) go({ page: 'search', index, picture: null, k: route.k });
      }}
      onK={(k) => go({ ...route, index, k })}
      pick={{
        href: ({ id }) => hrefOf(searchFor(index, id, route.k)),
        onPick: ({ id }) => go(searchFor(index, id, route.k)),
      }}
    />
  );
}
