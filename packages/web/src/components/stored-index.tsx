import { useRef, useState } from 'react';
import type { StoredIndex } from '../indexer.ts';
import { bytes, counted, day, duration, percent } from '../state/format.ts';
import { useChange } from '../state/use-change.ts';
import { BuildNotices } from './build-notices.tsx';
import { Facts } from './facts.tsx';
import { Failure } from './notice.tsx';

/** What the index of this browser is, and what can be done with it. */
export function StoredIndexPanel({
  index,
  onReplace,
  onRemoved,
}: {
  readonly index: StoredIndex;
  /** Other pictures are to take its place. */
  readonly onReplace: () => void;
  readonly onRemoved: () => void;
}) {
  const [failure, setFailure] = useState<unknown>(null);
  const tryTo = (work: () => Promise<void>) => (): void => {
    setFailure(null);
    work().catch(setFailure);
  };
  const remove = tryTo(async () => {
    await index.remove();
    onRemoved();
  });
  return (
    <section aria-labelledby="index-title">
      <h2 id="index-title">This index</h2>
      <Facts entries={factsOf(index)} />
      <BuildNotices notices={index} />
      <div className="query-controls">
        <button type="button" className="button" onClick={tryTo(() => download(index))}>
          Download the index
        </button>
        <button type="button" className="button" onClick={onReplace}>
          Index other pictures
        </button>
        <DeleteButtons onDelete={remove} />
      </div>
      {failure === null ? null : <Failure error={failure} />}
      <p className="note">
        The download is a folder in a ZIP archive, which <code>neurodex search</code> opens. A browser may delete what
        it keeps for pages when the device has little room left, or when the page was not opened for long.
      </p>
    </section>
  );
}

function factsOf({ pictures, folder, created, seconds, trained, accuracy, bytes: size }: StoredIndex) {
  const count = counted(pictures, 'picture');
  return [
    ['Pictures', folder === null ? count : `${count} of ${folder}`],
    ['Made', `${day(created)}; learned in ${duration(seconds)}, ${trained}`],
    ...(accuracy === null
      ? []
      : [['Found again', `${percent(accuracy)} of its pictures come first for themselves`] as const]),
    ['Kept', `in this browser alone, ${bytes(size)}`],
  ] as const;
}

/** Asks once more before it deletes. */
function DeleteButtons({ onDelete }: { readonly onDelete: () => void }) {
  const [asks, setAsks] = useState(false);
  const ask = useRef<HTMLButtonElement>(null);
  const keep = useRef<HTMLButtonElement>(null);
  // The button that was pressed is gone.
  useChange(asks, () => (asks ? keep : ask).current?.focus());
  if (!asks)
    return (
      <button type="button" className="button" ref={ask} onClick={() => setAsks(true)}>
        Delete the index
      </button>
    );
  return (
    <>
      <button type="button" className="button" onClick={onDelete}>
        Delete it for good
      </button>
      <button type="button" className="button quiet" ref={keep} onClick={() => setAsks(false)}>
        Keep it
      </button>
    </>
  );
}

async function download(index: StoredIndex): Promise<void> {
  const { name, content } = await index.archive();
  const address = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser has its own hold of it by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
