import { useEffect, useRef, useState } from 'react';
import type { Picture } from '../engine.ts';
import { useWindowEvent } from './window-event.ts';

/** Milliseconds in which a removal can be taken back. */
const UNDO = 10_000;

/** Pictures that the visitor removes. Until their time is over only this page hides them. */
export interface Removals {
  /** Removals that can be taken back, the oldest first. */
  readonly pending: readonly Picture[];
  /** Ids of pictures that are not shown. */
  readonly hidden: ReadonlySet<string>;
  /** Why the last one failed. */
  readonly error: unknown;
  remove(picture: Picture): void;
  undo(id: string): void;
}

/**
 * @param send removes a picture for good, by its id; it may be called while the page is being left
 * @param onRemoved told when one is gone
 */
export function useRemovals(index: string, send: (id: string) => Promise<void>, onRemoved: () => void): Removals {
  const [pending, setPending] = useState<readonly Picture[]>([]);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [error, setError] = useState<unknown>(null);
  const timers = useRef(new Map<string, number>());
  const show = (id: string): void => setHidden((before) => new Set([...before].filter((each) => each !== id)));
  const settle = (id: string): void => {
    clearTimeout(timers.current.get(id));
    timers.current.delete(id);
    setPending((before) => before.filter((picture) => picture.id !== id));
  };
  const latest = useRef(send);
  latest.current = send;
  const commit = async (id: string): Promise<void> => {
    settle(id);
    try {
      await latest.current(id);
      onRemoved();
    } catch (thrown) {
      show(id);
      setError(thrown);
    }
  };
  const commitAll = useRef(() => {});
  commitAll.current = () => {
    for (const id of [...timers.current.keys()]) void commit(id);
  };
  // Whoever leaves does not take it back.
  useWindowEvent('pagehide', () => commitAll.current());
  // biome-ignore lint/correctness/useExhaustiveDependencies: another index is another page.
  useEffect(() => () => commitAll.current(), [index]);
  return {
    pending,
    hidden,
    error,
    remove(picture) {
      setError(null);
      setPending((before) => [...before, picture]);
      setHidden((before) => new Set([...before, picture.id]));
      timers.current.set(
        picture.id,
        window.setTimeout(() => void commit(picture.id), UNDO),
      );
    },
    undo(id) {
      settle(id);
      show(id);
    },
  };
}
