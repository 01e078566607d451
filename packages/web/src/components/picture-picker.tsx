import { useEffect, useRef, useState } from 'react';

/** Fired by the shortcut that opens a file. */
export const OPEN_EVENT = 'neurodex-open-picture';

/**
 * A picture from the visitor's machine: chosen, dropped anywhere on the page, or pasted.
 * @param onRefused told in words when what came is no picture
 */
export function OpenPicture({
  onFile,
  onRefused,
  compact = false,
}: {
  readonly onFile: (file: File) => void;
  readonly onRefused: (why: string) => void;
  readonly compact?: boolean;
}) {
  const input = useRef<HTMLInputElement>(null);
  const [dragged, setDragged] = useState(false);
  const handed = useRef({ onFile, onRefused });
  handed.current = { onFile, onRefused };
  useEffect(() => {
    const take = (files: readonly File[], otherwise: string): void => {
      const [file] = files;
      const { onFile: take, onRefused: refuse } = handed.current;
      if (file === undefined) refuse(otherwise);
      else takeFile(file, take, refuse);
    };
    const over = (event: DragEvent): void => {
      event.preventDefault();
      setDragged(true);
    };
    const left = (event: DragEvent): void => {
      if (event.relatedTarget === null) setDragged(false);
    };
    const dropped = (event: DragEvent): void => {
      event.preventDefault();
      setDragged(false);
      take([...(event.dataTransfer?.files ?? [])], 'what was dropped is not a file; save the picture first');
    };
    const pasted = (event: ClipboardEvent): void => {
      if (event.target instanceof HTMLInputElement) return;
      take(
        [...(event.clipboardData?.files ?? [])],
        'there is no picture on the clipboard; copy the picture itself, not its address',
      );
    };
    const asked = (): void => input.current?.click();
    addEventListener('dragover', over);
    addEventListener('dragleave', left);
    addEventListener('drop', dropped);
    addEventListener('paste', pasted);
    addEventListener(OPEN_EVENT, asked);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', left);
      removeEventListener('drop', dropped);
      removeEventListener('paste', pasted);
      removeEventListener(OPEN_EVENT, asked);
    };
  }, []);
  return (
    <div className={`open${compact ? ' compact' : ''}${dragged ? ' dragged' : ''}`}>
      <button type="button" className="button primary" onClick={() => input.current?.click()}>
        {compact ? 'Another picture' : 'Choose a picture'}
      </button>
      <p className="note">{dragged ? 'Let it go anywhere.' : 'or drop one anywhere on this page, or paste it.'}</p>
      <input
        ref={input}
        type="file"
        accept="image/*"
        aria-label="Picture file"
        className="hidden"
        tabIndex={-1}
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? [];
          if (file !== undefined) takeFile(file, onFile, onRefused);
          // The same file again is a change again.
          currentTarget.value = '';
        }}
      />
    </div>
  );
}

/** What is plainly something else need not be sent; what has no type is for the decoder to judge. */
function takeFile(file: File, onFile: (file: File) => void, onRefused: (why: string) => void): void {
  if (file.size === 0) onRefused(`the file ${file.name} is empty`);
  else if (file.type !== '' && !file.type.startsWith('image/'))
    onRefused(`the file ${file.name} is not a picture, but ${file.type}`);
  else onFile(file);
}
