import { useState } from 'react';
import { Failure, LoadingProgress, NoticePage } from '../components/notice.tsx';
import type { EngineDescription, Progress, ReferencePicture, SearchEngine, SearchScope } from '../engine.ts';
import { useResource } from '../state/resource.ts';
import { DEFAULT_K } from '../state/route.ts';
import { SearchView } from './search-view.tsx';
import { Shell } from './shell.tsx';

/** The page of an exported site, which searches in the browser. */
export function StaticPage({ engine }: { readonly engine: SearchEngine }) {
  const [progress, setProgress] = useState<Progress | null>(null);
  const description = useResource('describe', () => engine.describe(setProgress));
  return (
    <Shell title={description.state === 'ready' ? description.value.name : ''}>
      {description.state === 'ready' ? (
        <StaticSearch engine={engine} description={description.value} />
      ) : (
        <NoticePage heading="Search">
          {description.state === 'failed' ? (
            <Failure error={description.error} retry={description.retry} />
          ) : (
            <LoadingProgress progress={progress} activity="Opening the index" />
          )}
        </NoticePage>
      )}
    </Shell>
  );
}

/** The search page with its query in memory: an exported site has no addresses for queries. */
export function StaticSearch({
  engine,
  description,
}: {
  readonly engine: SearchEngine;
  readonly description: EngineDescription;
}) {
  const [picture, setPicture] = useState<ReferencePicture | null>(null);
  const [scope, setScope] = useState<SearchScope>({ k: DEFAULT_K, system: null });
  return (
    <SearchView
      engine={engine}
      description={description}
      picture={picture}
      words=""
      scope={scope}
      onQuery={setPicture}
      onScope={setScope}
      pick={{ onPick: (picked) => setPicture({ kind: 'picture', picture: picked }) }}
    />
  );
}
