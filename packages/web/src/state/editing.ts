import { use, useRef, useState } from 'react';
import { EngineError } from '../engine.ts';
import { type Additions, useAdditions } from './additions.ts';
import { AnnounceContext, useClient } from './context.ts';
import { type Removals, useRemovals } from './removals.ts';
import { keepToken, readToken } from './token.ts';
import { useChange } from './use-change.ts';

/** Adding pictures to an index and removing them. */
export interface Editing {
  /** Whether the visitor wants to see what there is for it. */
  readonly isOpen: boolean;
  open(isOpen: boolean): void;
  /** Null until the visitor has entered one that may write. */
  readonly token: string | null;
  /** Whether the server refused the last one. */
  readonly isRefused: boolean;
  enter(token: string): void;
  /** Adds files, once there is a token. */
  add(files: readonly File[]): void;
  readonly additions: Additions;
  readonly removals: Removals;
}

/** @param onChanged told when the index has other pictures */
export function useEditing(index: string, onChanged: () => void): Editing {
  const client = useClient();
  const announce = use(AnnounceContext);
  const [isOpen, open] = useState(false);
  const [token, setToken] = useState(() => readToken('write-token') ?? readToken());
  const [isRefused, setRefused] = useState(false);
  /** A token that is not for writing is asked for anew. */
  const checked = async <T>(work: (token: string) => Promise<T>): Promise<T> => {
    try {
      return await work(token ?? '');
    } catch (error) {
      if (error instanceof EngineError && (error.code === 'token-wrong' || error.code === 'read-only')) {
        setRefused(token !== null);
        setToken(null);
      }
      throw error;
    }
  };
  const additions = useAdditions(
    (files) => checked((writing) => client.add(index, files, [], writing)),
    (said) => {
      announce(said);
      onChanged();
    },
  );
  const waiting = useRef<readonly File[]>([]);
  useChange(token, () => {
    if (token === null || waiting.current.length === 0) return;
    additions.add(waiting.current);
    waiting.current = [];
  });
  const removals = useRemovals(index, (id) => checked((writing) => client.remove(index, id, writing)), onChanged);
  return {
    isOpen,
    open,
    token,
    isRefused,
    enter(entered) {
      keepToken(entered, 'write-token');
      setToken(entered);
      setRefused(false);
    },
    add(files) {
      open(true);
      if (token === null) waiting.current = files;
      else additions.add(files);
    },
    additions,
    removals,
  };
}
