import type { ReactNode } from 'react';
import type { Picture } from '../engine.ts';

/** How a picture becomes the query: by the address of its search, or by a call where searches have no address. */
export interface PickPicture {
  readonly href?: (picture: Picture) => string;
  readonly onPick: (picture: Picture) => void;
}

/** A link or a button that makes a picture the query. */
export function PictureAction({
  picture,
  pick,
  className,
  label,
  children,
}: {
  readonly picture: Picture;
  readonly pick: PickPicture;
  readonly className?: string;
  readonly label?: string;
  readonly children: ReactNode;
}) {
  return pick.href === undefined ? (
    <button type="button" className={className} aria-label={label} onClick={() => pick.onPick(picture)}>
      {children}
    </button>
  ) : (
    <a className={className} aria-label={label} href={pick.href(picture)}>
      {children}
    </a>
  );
}
