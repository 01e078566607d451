import { ACCEPTED_FILES } from 'neurodex/client';
import { useRef } from 'react';
import type { Picture } from '../engine.ts';
import type { Additions } from '../state/additions.ts';
import type { Editing } from '../state/editing.ts';
import { counted, titleOf } from '../state/format.ts';
import { Alert, Failure, Loading, sentence } from './notice.tsx';
import type { PickPicture } from './picture-action.tsx';
import { useFilesDrop } from './picture-events.ts';
import { PictureGrid } from './picture-grid.tsx';
import { RemovalBar } from './removal-bar.tsx';

/** Adds pictures to the index of the page: chosen, or dropped anywhere on it. */
export function CatalogueEditor({ editing, pick }: { readonly editing: Editing; readonly pick: PickPicture }) {
  const { isOpen, additions, removals, token } = editing;
  const dragged = useFilesDrop(editing.add, () => {});
  return (
    <>
      <button type="button" className="button" aria-expanded={isOpen} onClick={() => editing.open(!isOpen)}>
        Add or remove pictures
      </button>
      {isOpen ? (
        <section className="editor" aria-label="Add or remove pictures">
          {token === null ? (
            <WriteTokenForm editing={editing} />
          ) : (
            <FilePicker additions={additions} dragged={dragged} />
          )}
          {token === null ? null : <AdditionResult editing={editing} pick={pick} />}
          {removals.error === null ? null : <Failure error={removals.error} />}
        </section>
      ) : null}
      <RemovalBar removals={removals} />
    </>
  );
}

/** Removes a picture of the index, for good after ten seconds. */
export function RemoveButton({ picture, editing }: { readonly picture: Picture; readonly editing: Editing }) {
  if (editing.token === null) return null;
  return (
    <button
      type="button"
      className="button quiet remove"
      aria-label={`Remove ${titleOf(picture)}`}
      onClick={() => editing.removals.remove(picture)}
    >
      Remove
    </button>
  );
}

function WriteTokenForm({ editing: { isRefused, enter } }: { readonly editing: Editing }) {
  return (
    <form
      className="token"
      onSubmit={(event) => {
        event.preventDefault();
        enter(String(new FormData(event.currentTarget).get('token') ?? ''));
      }}
    >
      <p>
        Enter the token of <code>neurodex serve --write-token</code>. The browser keeps it until you close this tab.
      </p>
      {isRefused ? <Alert text="the server takes no changes with this token" /> : null}
      <label className="field">
        Token for changes
        <input name="token" type="password" autoComplete="off" required />
      </label>
      <button type="submit" className="button primary">
        Continue
      </button>
    </form>
  );
}

function FilePicker({ additions, dragged }: { readonly additions: Additions; readonly dragged: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  const { progress } = additions;
  if (progress !== null) {
    return (
      <Loading activity={`Adding ${counted(progress.total, 'picture')}`} done={progress.done} total={progress.total} />
    );
  }
  return (
    <div className={`picker${dragged ? ' dragged' : ''}`}>
      <button type="button" className="button primary" onClick={() => input.current?.click()}>
        Choose pictures to add
      </button>
      <p className="note">{dragged ? 'Drop them anywhere on this page.' : 'or drop them anywhere on this page.'}</p>
      <input
        ref={input}
        type="file"
        accept={ACCEPTED_FILES}
        multiple
        aria-label="Picture files to add"
        className="hidden"
        tabIndex={-1}
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])];
          // Otherwise the browser would not report the same files a second time.
          currentTarget.value = '';
          if (files.length > 0) additions.add(files);
        }}
      />
    </div>
  );
}

function AdditionResult({ editing, pick }: { readonly editing: Editing; readonly pick: PickPicture }) {
  const { additions, removals } = editing;
  const { added, left, error } = additions;
  const pictures = added.filter(({ id }) => !removals.hidden.has(id));
  return (
    <>
      {error === null ? null : <Failure error={error} />}
      {left.length === 0 ? null : (
        <div className="notice failure" role="alert">
          <p>
            <strong>{counted(left.length, 'file was', 'files were')} not added.</strong>
          </p>
          <ul>
            {left.map(({ name, reason }) => (
              <li key={name}>
                {name}: {sentence(reason)}
              </li>
            ))}
          </ul>
        </div>
      )}
      {pictures.length === 0 ? null : (
        <section aria-labelledby="added-title">
          <h2 id="added-title">Added now</h2>
          <PictureGrid
            pictures={pictures}
            pick={pick}
            roles
            action={(picture) => <RemoveButton picture={picture} editing={editing} />}
          />
        </section>
      )}
    </>
  );
}
