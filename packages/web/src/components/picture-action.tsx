import type { ReactNode } from 'react';
import type { Picture } from '../engine.ts';

/** How a picture becomes the query: by an address that can be kept, or by a call where pages have none. */
export interface PickPicture {
  readonly href?: (picture: Picture) => string;
  readonly onPick: (picture: Picture) => void;
}

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
