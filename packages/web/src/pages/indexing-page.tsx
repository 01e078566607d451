import { useState } from 'react';
import { Failure, Loading, NoticePage } from '../components/notice.tsx';
import { StoredIndexPanel } from '../components/stored-index.tsx';
import type { PictureIndexer, StoredIndex } from '../indexer.ts';
import { useResource } from '../state/resource.ts';
import { ChoosePictures } from './choose-pictures.tsx';
import { Shell } from './shell.tsx';
import { StaticSearch } from './static-page.tsx';

/** The page that indexes the visitor's own pictures in the browser, and searches them. */
export function IndexingPage({ indexer }: { readonly indexer: PictureIndexer }) {
  // Undefined: what the browser keeps; null: nothing any more.
  const [made, setMade] = useState<StoredIndex | null>();
  const [replacing, setReplacing] = useState(false);
  // Counts what the visitor did, so that the focus follows it.
  const [view, setView] = useState(0);
  const kept = useResource('stored', () => indexer.stored());
  const index = made === undefined && kept.state === 'ready' ? kept.value : (made ?? null);
  const show = (next: { readonly made?: StoredIndex | null; readonly replacing: boolean }): void => {
    if (next.made !== undefined) setMade(next.made);
    setReplacing(next.replacing);
    setView((n) => n + 1);
  };
  return (
    <Shell title={index === null || replacing ? 'Index your pictures' : index.name} view={view}>
      {made === undefined && kept.state === 'loading' ? (
        <NoticePage heading="Index your pictures">
          <Loading activity="Looking for an index in this browser" />
        </NoticePage>
      ) : index === null || replacing ? (
        <>
          <ChoosePictures
            indexer={indexer}
            before={index}
            onMade={(next) => show({ made: next, replacing: false })}
            onBack={() => show({ replacing: false })}
          />
          {made === undefined && kept.state === 'failed' ? <Failure error={kept.error} retry={kept.retry} /> : null}
        </>
      ) : (
        <OwnIndex
          key={index.created}
          index={index}
          onReplace={() => show({ replacing: true })}
          onRemoved={() => show({ made: null, replacing: false })}
        />
      )}
    </Shell>
  );
}

function OwnIndex({
  index,
  onReplace,
  onRemoved,
}: {
  readonly index: StoredIndex;
  readonly onReplace: () => void;
  readonly onRemoved: () => void;
}) {
  const description = useResource('describe', () => index.engine.describe());
  return (
    <>
      {description.state === 'ready' ? (
        <StaticSearch engine={index.engine} description={description.value} />
      ) : (
        <NoticePage heading="Search">
          {description.state === 'failed' ? (
            <Failure error={description.error} retry={description.retry} />
          ) : (
            <Loading activity="Opening the index" />
          )}
        </NoticePage>
      )}
      <StoredIndexPanel index={index} onReplace={onReplace} onRemoved={onRemoved} />
    </>
  );
}
