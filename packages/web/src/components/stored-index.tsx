import { useState } from 'react';
import type { StoredIndex } from '../indexer.ts';
import { bytes, counted, day, duration, percent } from '../state/format.ts';
import { Facts } from './facts.tsx';
import { Failure } from './notice.tsx';

/** What the index of this browser is, and what can be done with it. */
export function StoredIndexPanel({
  index,
  onRemoved,
}: {
  readonly index: StoredIndex;
  readonly onRemoved: () => void;
}) {
  const [failure, setFailure] = useState<unknown>(null);
  const [asks, setAsks] = useState(false);
  const { skipped, accuracy } = index;
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
      <Facts
        entries={[
          ['Pictures', `${counted(index.pictures, 'picture')} of ${index.name}`],
          ['Made', `${day(index.created)}, in ${duration(index.seconds)}, ${index.trained}`],
          ...(accuracy === null
            ? []
            : [['Found again', `${percent(accuracy)} of its pictures come first for themselves`] as const]),
          ['Kept', `in this browser alone, ${bytes(index.bytes)}`],
        ]}
      />
      {skipped.length === 0 ? null : (
        <details>
          <summary>{counted(skipped.length, 'file')} left out</summary>
          <ul>
            {skipped.map(({ path, reason }) => (
              <li key={path} className="note">
                {reason.includes(path) ? reason : `${path}: ${reason}`}
              </li>
            ))}
          </ul>
        </details>
      )}
      <div className="query-controls">
        <button type="button" className="button" onClick={tryTo(() => download(index))}>
          Download the index
        </button>
        {asks ? (
          <>
            <button type="button" className="button" onClick={remove}>
              Delete it for good
            </button>
            <button type="button" className="button quiet" onClick={() => setAsks(false)}>
              Keep it
            </button>
          </>
        ) : (
          <button type="button" className="button" onClick={() => setAsks(true)}>
            Delete the index
          </button>
        )}
      </div>
      {failure === null ? null : <Failure error={failure} />}
      <p className="note">
        The download is a folder in a ZIP archive, which <code>neurodex search</code> opens.
      </p>
    </section>
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
