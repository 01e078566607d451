import type { Addition } from 'neurodex/client';
import { useRef, useState } from 'react';
import type { Picture } from '../engine.ts';
import { counted } from './format.ts';

/** Files of one request, and their bytes: well below what a server takes. */
const MOST_FILES = 16;
const MOST_BYTES = 8e6;

/** Files on their way into the index, and what became of those before. */
export interface Additions {
  /** Null where none is under way. */
  readonly progress: { readonly done: number; readonly total: number } | null;
  readonly added: readonly Picture[];
  /** Files that were not added, and why, in words. */
  readonly left: readonly { readonly name: string; readonly reason: string }[];
  /** Why the last request failed; its files and those behind it were not added. */
  readonly error: unknown;
  add(files: readonly File[]): void;
}

/**
 * @param send sends the files of one request
 * @param onAdded told in words what was added
 */
export function useAdditions(
  send: (files: readonly File[]) => Promise<Addition>,
  onAdded: (said: string) => void,
): Additions {
  const [progress, setProgress] = useState<Additions['progress']>(null);
  const [added, setAdded] = useState<readonly Picture[]>([]);
  const [left, setLeft] = useState<Additions['left']>([]);
  const [error, setError] = useState<unknown>(null);
  const running = useRef<Promise<void>>(Promise.resolve());
  const add = async (files: readonly File[]): Promise<void> => {
    setError(null);
    setAdded([]);
    setLeft([]);
    let [done, count] = [0, 0];
    try {
      for (const group of groupsOf(files)) {
        setProgress({ done, total: files.length });
        const addition = await send(group);
        done += group.length;
        count += addition.added.length;
        setAdded((before) => [...before, ...addition.added]);
        setLeft((before) => [...before, ...leftOf(addition)]);
      }
    } catch (thrown) {
      setError(thrown);
    }
    setProgress(null);
    if (count > 0) onAdded(`${counted(count, 'picture')} added.`);
  };
  return {
    progress,
    added,
    left,
    error,
    // What comes meanwhile waits for its turn.
    add(files) {
      running.current = running.current.then(() => add(files));
    },
  };
}

const leftOf = ({ known, failed }: Addition): Additions['left'] => [
  ...known.map(({ name }) => ({ name, reason: 'the index has this picture already' })),
  ...failed.map(({ name, problem }) => ({ name, reason: problem.detail })),
];

function groupsOf(files: readonly File[]): File[][] {
  const groups: File[][] = [];
  let bytes = 0;
  for (const file of files) {
    const last = groups.at(-1);
    if (last === undefined || last.length === MOST_FILES || bytes + file.size > MOST_BYTES) {
      groups.push([file]);
      bytes = 0;
    } else last.push(file);
    bytes += file.size;
  }
  return groups;
}
