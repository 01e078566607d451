import { useContext, useEffect, useRef, useState } from 'react';
import { BuildNotices } from '../components/build-notices.tsx';
import { IndexingBar } from '../components/indexing-progress.tsx';
import { Failure } from '../components/notice.tsx';
import { PicturesChooser } from '../components/pictures-chooser.tsx';
import type { IndexingProgress, PictureIndexer, StoredIndex, BuildNotices as Told } from '../indexer.ts';
import type { Chosen } from '../state/chosen-files.ts';
import { AnnounceContext } from '../state/context.ts';
import { counted } from '../state/format.ts';
import { noticesTitle } from '../state/notices.ts';
import { useChange } from '../state/use-change.ts';

/** A build that came to nothing, and what it told until then. */
interface Failed {
  readonly error: unknown;
  readonly notices: Told;
}

const NOTHING: Told = { warnings: [], skipped: [] };

/** Takes pictures and indexes them. */
export function ChoosePictures({
  indexer,
  before,
  onMade,
  onBack,
}: {
  readonly indexer: PictureIndexer;
  /** The index whose place the new one takes; null where there is none. */
  readonly before: StoredIndex | null;
  readonly onMade: (index: StoredIndex) => void;
  /** Keeps the index that is there. */
  readonly onBack: () => void;
}) {
  const [running, setRunning] = useState<AbortController | null>(null);
  const [progress, setProgress] = useState<IndexingProgress | null>(null);
  const [failed, setFailed] = useState<Failed | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const announce = useContext(AnnounceContext);
  // Whoever leaves the page ends the work.
  useEffect(() => () => running?.abort(), [running]);
  useChange(running, () => {
    // The button that cancelled it is gone.
    if (running === null) heading.current?.focus({ preventScroll: true });
  });
  const start = async (chosen: Chosen): Promise<void> => {
    if (running !== null) return;
    const controller = new AbortController();
    setRunning(controller);
    setFailed(null);
    setProgress(null);
    let notices = NOTHING;
    const onFailed = (told: Told): void => {
      notices = told;
    };
    try {
      const index = await indexer.index(chosen, { signal: controller.signal, onProgress: setProgress, onFailed });
      const told = noticesTitle(index);
      announce(`${counted(index.pictures, 'picture')} can be searched now.${told === '' ? '' : ` ${told}.`}`);
      onMade(index);
    } catch (error) {
      if (controller.signal.aborted) announce('Indexing was cancelled.');
      else setFailed({ error, notices });
    } finally {
      setRunning(null);
    }
  };
  return (
    <>
      <div className="welcome">
        <h1 ref={heading} tabIndex={-1}>
          Index your pictures
        </h1>
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
      {failed === null ? null : (
        <>
          <Failure error={failed.error} />
          <BuildNotices notices={failed.notices} open />
        </>
      )}
      {indexer.limit === null ? null : <p className="note">{indexer.limit}</p>}
      <p className="note">
        Pictures in folders get the names of their folders as labels, where all of them lie in folders. It takes some
        minutes: keep this page open while it works.
      </p>
      {before === null ? null : <Kept index={before} busy={running !== null} onBack={onBack} />}
    </>
  );
}

/** The index that stays until another one is complete. */
function Kept({
  index: { folder, pictures },
  busy,
  onBack,
}: {
  readonly index: StoredIndex;
  readonly busy: boolean;
  readonly onBack: () => void;
}) {
  const which = `The index of ${counted(pictures, 'picture')}${folder === null ? '' : ` of ${folder}`}`;
  return (
    <>
      <p className="note">{which} stays until the new one is complete, which then takes its place.</p>
      {busy ? null : (
        <button type="button" className="button" onClick={onBack}>
          Back to it
        </button>
      )}
    </>
  );
}
