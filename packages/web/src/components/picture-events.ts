import { useState } from 'react';
import { useWindowEvent } from '../state/window-event.ts';

type OnFile = (file: File) => void;
type OnRefused = (reason: string) => void;

/** Takes the first file that is dropped on the page. @returns whether something is being dragged over the page */
export const usePictureDrop = (onFile: OnFile, onRefused: OnRefused): boolean =>
  useFilesDrop(([file]) => file !== undefined && onFile(file), onRefused);

/** Takes the files that are dropped on the page, one or more. @returns whether something is being dragged over the page */
export function useFilesDrop(onFiles: (files: readonly File[]) => void, onRefused: OnRefused): boolean {
  return useDrop((event) => {
    const files = [...(event.dataTransfer?.files ?? [])];
    // Text may be dropped into a field.
    if (files.length === 0 && event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    if (files.length === 0) onRefused('you dropped something that is not a file; save the picture first');
    else onFiles(files);
  });
}

/** Hears of what is dropped anywhere on the page. @returns whether something is being dragged over the page */
export function useDrop(onDrop: (event: DragEvent) => void): boolean {
  const [dragged, setDragged] = useState(false);
  useWindowEvent('dragover', (event) => {
    event.preventDefault();
    setDragged(true);
  });
  useWindowEvent('dragleave', ({ relatedTarget }) => {
    if (relatedTarget === null) setDragged(false);
  });
  useWindowEvent('drop', (event) => {
    setDragged(false);
    onDrop(event);
  });
  return dragged;
}

/** Takes the first file that is pasted; a field takes the text instead, where there is some. */
export function usePicturePaste(onFile: OnFile, onRefused: OnRefused): void {
  useWindowEvent('paste', (event) => {
    const { target, clipboardData } = event;
    const [file] = clipboardData?.files ?? [];
    const isForField =
      target instanceof HTMLInputElement && (file === undefined || clipboardData?.getData('text/plain') !== '');
    if (isForField) return;
    event.preventDefault();
    if (file === undefined) onRefused('there is no picture on the clipboard; copy the picture itself, not its address');
    else onFile(file);
  });
}
