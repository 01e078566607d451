import type { ReactNode } from 'react';
import type { Picture } from '../engine.ts';
import { titleOf } from '../state/format.ts';
import { type PickPicture, PictureAction } from './picture-action.tsx';
import { Thumb } from './thumb.tsx';

/** Pictures of the index; a click searches with one. */
export function PictureGrid({
  pictures,
  pick,
  roles = false,
  action,
}: {
  readonly pictures: readonly Picture[];
  readonly pick: PickPicture;
  /** Whether to show the identifier of each picture, or else its role. */
  readonly roles?: boolean;
  /** What else can be done with a picture. */
  readonly action?: ((picture: Picture) => ReactNode) | undefined;
}) {
  return (
    <ul className="grid">
      {pictures.map((picture) => (
        <li key={picture.id}>
          <PictureAction picture={picture} pick={pick} className="tile">
            <Thumb picture={picture} decorative />
            <span className="tile-title">
              <span className="hidden">Search with </span>
              {titleOf(picture)}
            </span>
            {roles ? <span className="tile-note">{picture.identifier ?? picture.role}</span> : null}
          </PictureAction>
          {action?.(picture)}
        </li>
      ))}
    </ul>
  );
}
