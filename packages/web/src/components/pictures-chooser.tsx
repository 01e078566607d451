import { useRef, useState } from 'react';
import { type Chosen, chosenFrom, fromDrop, fromInput } from '../state/chosen-files.ts';
import { OPEN_PICTURE, useWindowEvent } from '../state/window-event.ts';
import { useDrop } from './picture-events.ts';

/** Takes a folder of pictures, or pictures: chosen, or dropped anywhere on the page. */
export function PicturesChooser({ onChosen }: { readonly onChosen: (chosen: Chosen) => void }) {
  const folder = useRef<HTMLInputElement>(null);
  const pictures = useRef<HTMLInputElement>(null);
  // A folder of many files takes a while to be listed.
  const [listing, setListing] = useState(false);
  const dragged = useDrop((event) => {
    event.preventDefault();
    if (event.dataTransfer === null) return;
    setListing(true);
    fromDrop(event.dataTransfer.items).then(({ files, unreadable }) => {
      setListing(false);
      onChosen(chosenFrom(files, unreadable));
    });
  });
  useWindowEvent(OPEN_PICTURE, () => pictures.current?.click());
  const take = (input: HTMLInputElement): void => {
    const chosen = chosenFrom(fromInput(input.files ?? []));
    // Otherwise the browser would not report the same files a second time.
    input.value = '';
    onChosen(chosen);
  };
  const hidden = { type: 'file', className: 'hidden', tabIndex: -1, multiple: true } as const;
  return (
    <div className={`picker${dragged ? ' dragged' : ''}`}>
      <button type="button" className="button primary" onClick={() => folder.current?.click()}>
        Choose a folder
      </button>
      <button type="button" className="button" onClick={() => pictures.current?.click()}>
        Choose pictures
      </button>
      <p className="note" role="status">
        {listing
          ? 'Listing the files…'
          : dragged
            ? 'Drop them anywhere on this page.'
            : 'or drop a folder or pictures anywhere on this page.'}
      </p>
      <input
        {...hidden}
        // React has no name for it.
        ref={(input) => {
          folder.current = input;
          if (input !== null) input.webkitdirectory = true;
        }}
        aria-label="Folder of pictures"
        onChange={({ currentTarget }) => take(currentTarget)}
      />
      <input
        {...hidden}
        ref={pictures}
        // Many systems know no media type of HEIC files.
        accept="image/*,.heic,.heif,.hif"
        aria-label="Picture files"
        onChange={({ currentTarget }) => take(currentTarget)}
      />
    </div>
  );
}
