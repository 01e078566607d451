import { useContext, useEffect, useState } from 'react';
import { IndexingBar } from '../components/indexing-progress.tsx';
import { Alert, Failure, Loading, NoticePage } from '../components/notice.tsx';
import { PicturesChooser } from '../components/pictures-chooser.tsx';
import { StoredIndexPanel } from '../components/stored-index.tsx';
import type { IndexingProgress, PictureIndexer, StoredIndex } from '../indexer.ts';
import type { Chosen } from '../state/chosen-files.ts';
import { AnnounceContext } from '../state/context.ts';
import { counted } from '../state/format.ts';
import { useResource } from '../state/resource.ts';
import { Shell } from './shell.tsx';
import { StaticSearch } from './static-page.tsx';

/** The page that indexes the visitor's own pictures in the browser, and searches them. */
export function IndexingPage({ indexer }: { readonly indexer: PictureIndexer }) {
  // Undefined: what the browser keeps; null: nothing any more.
  const [made, setMade] = useState<StoredIndex | null>();
  const kept = useResource('stored', () => indexer.stored());
  const index = made === undefined && kept.state === 'ready' ? kept.value : made;
  return (
    <Shell title={index?.name ?? 'Index your pictures'}>
      {made === undefined && kept.state === 'loading' ? (
        <NoticePage heading="Index your pictures">
          <Loading activity="Looking for an index in this browser" />
        </NoticePage>
      ) : index == null ? (
        <>
          <ChoosePictures indexer={indexer} onMade={setMade} />
          {made === undefined && kept.state === 'failed' ? <Failure error={kept.error} retry={kept.retry} /> : null}
        </>
      ) : (
        <OwnIndex key={index.created} index={index} onRemoved={() => setMade(null)} />
      )}
    </Shell>
  );
}

function ChoosePictures({
  indexer,
  onMade,
}: {
  readonly indexer: PictureIndexer;
  readonly onMade: (index: StoredIndex) => void;
}) {
  const [running, setRunning] = useState<AbortController | null>(null);
  const [progress, setProgress] = useState<IndexingProgress | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [note, setNote] = useState<string | null>(null);
  const announce = useContext(AnnounceContext);
  // Whoever leaves the page ends the work.
  useEffect(() => () => running?.abort(), [running]);
  const start = async ({ pictures, folder, others }: Chosen): Promise<void> => {
    if (running !== null) return;
    const controller = new AbortController();
    setRunning(controller);
    setFailure(null);
    setProgress(null);
    setNote(
      others === 0 ? null : `${counted(others, 'file')} of what you chose ${others === 1 ? 'is' : 'are'} no pictures`,
    );
    try {
      const index = await indexer.index(pictures, {
        name: folder ?? 'pictures',
        signal: controller.signal,
        onProgress: setProgress,
      });
      announce(`${counted(index.pictures, 'picture')} can be searched now.`);
      onMade(index);
    } catch (error) {
      if (!controller.signal.aborted) setFailure(error);
    } finally {
      setRunning(null);
    }
  };
  return (
    <>
      <div className="welcome">
        <h1>Index your pictures</h1>
        <p className="lead">
          A neural network learns your pictures in this browser, and finds those that are like another one. No picture
          leaves this device.
        </p>
      </div>
      {running === null ? (
        <PicturesChooser onChosen={start} />
      ) : (
        <IndexingBar progress={progress} onCancel={() => running.abort()} />
      )}
      {indexer.limit === null ? null : <p className="note">{indexer.limit}</p>}
      {note === null ? null : <Alert text={note} />}
      {failure === null ? null : <Failure error={failure} />}
      <p className="note">
        Pictures in folders get the names of their folders as labels. Keep this page open while it works.
      </p>
    </>
  );
}

function OwnIndex({ index, onRemoved }: { readonly index: StoredIndex; readonly onRemoved: () => void }) {
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
      <StoredIndexPanel index={index} onRemoved={onRemoved} />
    </>
  );
}
