import { useState } from 'react';
import { useWindowEvent } from '../state/window-event.ts';

type OnFile = (file: File) => void;
type OnRefused = (reason: string) => void;

/** Takes the first file that is dropped on the page. @returns whether something is being dragged over the page */
export function usePictureDrop(onFile: OnFile, onRefused: OnRefused): boolean {
  const [dragged, setDragged] = useState(false);
  useWindowEvent('dragover', (event) => {
    event.preventDefault();
    setDragged(true);
  });
  useWindowEvent('dragleave', ({ relatedTarget }) => {
    if (relatedTarget === null) setDragged(false);
  });
  useWindowEvent('drop', (event) => {
    event.preventDefault();
    setDragged(false);
    const [file] = event.dataTransfer?.files ?? [];
    if (file === undefined) onRefused('you dropped something that is not a file; save the picture first');
    else onFile(file);
  });
  return dragged;
}

/** Takes the first file that is pasted, unless into a field. */
export function usePicturePaste(onFile: OnFile, onRefused: OnRefused): void {
  useWindowEvent('paste', ({ target, clipboardData }) => {
    if (target instanceof HTMLInputElement) return;
    const [file] = clipboardData?.files ?? [];
    if (file === undefined) onRefused('there is no picture on the clipboard; copy the picture itself, not its address');
    else onFile(file);
  });
}
