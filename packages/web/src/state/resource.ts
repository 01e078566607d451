import { useCallback, useEffect, useState } from 'react';

/** A value that loads asynchronously. */
export type Resource<T> =
  | { readonly state: 'loading' /** The previous value. */; readonly value?: T }
  | { readonly state: 'ready'; readonly value: T }
  | { readonly state: 'failed'; readonly error: unknown; readonly retry: () => void };

/**
 * Loads a value when the key changes, and aborts the load before it.
 * @param key identifies the value; null loads nothing and stays `loading`
 * @param load is called again only for another key or a retry
 */
export function useResource<T>(key: string | null, load: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const [attempt, setAttempt] = useState(0);
  const retry = useCallback(() => setAttempt((n) => n + 1), []);
  const [loaded, setLoaded] = useState<{ readonly key: string; readonly resource: Resource<T> } | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `load` is a new function on every rendering; the key says when to call it.
  useEffect(() => {
    if (key === null) return;
    const controller = new AbortController();
    const { signal } = controller;
    setLoaded((before) => ({ key, resource: { state: 'loading', ...kept(before?.resource) } }));
    load(signal).then(
      (value) => signal.aborted || setLoaded({ key, resource: { state: 'ready', value } }),
      (error: unknown) => signal.aborted || setLoaded({ key, resource: { state: 'failed', error, retry } }),
    );
    return () => controller.abort();
  }, [key, attempt, retry]);
  if (loaded === null) return { state: 'loading' };
  return loaded.key === key ? loaded.resource : { state: 'loading', ...kept(loaded.resource) };
}

const kept = <T>(before: Resource<T> | undefined): { readonly value?: T } =>
  before !== undefined && 'value' in before && before.value !== undefined ? { value: before.value } : {};
