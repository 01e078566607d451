import { ACCEPTED_FILES } from 'neurodex/client';
import { type ReactNode, type RefObject, useRef } from 'react';
import { OPEN_PICTURE, useWindowEvent } from '../state/window-event.ts';
import { usePictureDrop, usePicturePaste } from './picture-events.ts';

interface PictureTaker {
  readonly onFile: (file: File) => void;
  /** Called with the reason when the visitor brought something else. */
  readonly onRefused: (reason: string) => void;
}

export interface PictureSource {
  /** Whether something is being dragged over the page. */
  readonly dragged: boolean;
  readonly openDialog: () => void;
  /** Belongs anywhere on the page; it is not visible. */
  readonly input: ReactNode;
}

/** Takes a picture from the visitor's device: chosen, dropped anywhere on the page, or pasted. */
export function usePictureSource({ onFile, onRefused }: PictureTaker): PictureSource {
  const input = useRef<HTMLInputElement>(null);
  const openDialog = (): void => input.current?.click();
  const take = (file: File): void => {
    const reason = refusalOf(file);
    if (reason === null) onFile(file);
    else onRefused(reason);
  };
  const dragged = usePictureDrop(take, onRefused);
  usePicturePaste(take, onRefused);
  useWindowEvent(OPEN_PICTURE, openDialog);
  return { dragged, openDialog, input: <FileInput input={input} onFile={take} /> };
}

/** The box that takes a picture alone. */
export function PicturePicker({ compact = false, ...taker }: PictureTaker & { readonly compact?: boolean }) {
  const { dragged, openDialog, input } = usePictureSource(taker);
  return (
    <div className={`picker${compact ? ' compact' : ''}${dragged ? ' dragged' : ''}`}>
      <button type="button" className="button primary" onClick={openDialog}>
        {compact ? 'Another picture' : 'Choose a picture'}
      </button>
      <p className="note">
        {dragged ? 'Drop it anywhere on this page.' : 'or drop or paste one anywhere on this page.'}
      </p>
      {input}
    </div>
  );
}

/** The hidden input whose dialog the button and the shortcut open. */
function FileInput({
  input,
  onFile,
}: {
  readonly input: RefObject<HTMLInputElement | null>;
  readonly onFile: (file: File) => void;
}) {
  return (
    <input
      ref={input}
      type="file"
      accept={ACCEPTED_FILES}
      aria-label="Picture file"
      className="hidden"
      tabIndex={-1}
      onChange={({ currentTarget }) => {
        const [file] = currentTarget.files ?? [];
        if (file !== undefined) onFile(file);
        // Otherwise the browser would not report the same file a second time.
        currentTarget.value = '';
      }}
    />
  );
}

/** Why a file is plainly not a picture; null where it may be one. A file without a type is left to the decoder. */
function refusalOf({ name, size, type }: File): string | null {
  if (size === 0) return `the file ${name} is empty`;
  return type === '' || type.startsWith('image/') ? null : `the file ${name} is not a picture, but ${type}`;
}
