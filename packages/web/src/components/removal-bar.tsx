import { useEffect, useRef } from 'react';
import { titleOf } from '../state/format.ts';
import type { Removals } from '../state/removals.ts';

/** Removals that can be taken back, at the bottom of the window. */
export function RemovalBar({ removals: { pending, undo } }: { readonly removals: Removals }) {
  const last = useRef<HTMLButtonElement>(null);
  const newest = pending.at(-1)?.id;
  useEffect(() => {
    // The button that removed it is gone.
    if (newest !== undefined) last.current?.focus();
  }, [newest]);
  return (
    <div className="removals" role="status">
      {pending.map((picture) => (
        <p key={picture.id}>
          <span>
            Removed <strong>{titleOf(picture)}</strong>.
          </span>
          <button
            ref={picture.id === newest ? last : null}
            type="button"
            className="button"
            aria-label={`Undo: keep ${titleOf(picture)}`}
            onClick={() => undo(picture.id)}
          >
            Undo
          </button>
        </p>
      ))}
    </div>
  );
}
