import type { ReferencePicture } from '../engine.ts';
import { pictureTitle } from '../state/format.ts';
import { QueryImage } from './query-image.tsx';

/** The picture of a query as a part of the search box, which it can be removed from. */
export function PictureChip({
  picture,
  onRemove,
}: {
  readonly picture: ReferencePicture;
  readonly onRemove: () => void;
}) {
  const title = pictureTitle(picture);
  return (
    <span className="chip">
      <QueryImage picture={picture} decorative />
      <span className="chip-title">{title}</span>
      <button type="button" className="button quiet" aria-label={`Remove the picture ${title}`} onClick={onRemove}>
        ×
      </button>
    </span>
  );
}
