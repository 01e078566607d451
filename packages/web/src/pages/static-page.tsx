import { useState } from 'react';
import { Alone, Failure, Loading } from '../components/notice.tsx';
import type { EngineDescription, Progress, Query, SearchEngine } from '../engine.ts';
import { bytes } from '../state/format.ts';
import { useResource } from '../state/resource.ts';
import { DEFAULT_K } from '../state/route.ts';
import { SearchView } from './search-view.tsx';
import { Shell } from './shell.tsx';

/** The whole of the page that searches in the browser. */
export function StaticPage({ engine }: { readonly engine: SearchEngine }) {
  const [progress, setProgress] = useState<Progress | null>(null);
  const described = useResource('describe', () => engine.describe(setProgress));
  return (
    <Shell title={described.state === 'ready' ? described.value.name : ''}>
      {described.state === 'ready' ? (
        <Search engine={engine} description={described.value} />
      ) : (
        <Alone heading="Search">
          {described.state === 'failed' ? (
            <Failure error={described.error} retry={described.retry} />
          ) : (
            <Opening progress={progress} />
          )}
        </Alone>
      )}
    </Shell>
  );
}

function Opening({ progress }: { readonly progress: Progress | null }) {
  if (progress === null) return <Loading what="Opening the index" />;
  const { what, done, total } = progress;
  if (total === undefined) return <Loading what={what} />;
  return <Loading what={`${what}, ${bytes(done)} of ${bytes(total)}`} done={done} total={total} />;
}

function Search({ engine, description }: { readonly engine: SearchEngine; readonly description: EngineDescription }) {
  const [query, setQuery] = useState<Query | null>(null);
  const [k, setK] = useState(DEFAULT_K);
  return (
    <SearchView
      engine={engine}
      description={description}
      query={query}
      k={k}
      onFile={(file) => setQuery({ kind: 'file', file })}
      onK={setK}
      pick={{ onPick: (picture) => setQuery({ kind: 'picture', picture }) }}
    />
  );
}
