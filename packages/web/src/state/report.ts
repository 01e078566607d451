import type { MeasuredReport, Measuring } from 'neurodex/client';
import { useEffect, useState } from 'react';
import { useClient } from './context.ts';

export type ReportState =
  | { readonly state: 'measuring'; readonly progress: Measuring | null }
  | { readonly state: 'ready'; readonly report: MeasuredReport }
  | { readonly state: 'failed'; readonly error: unknown; readonly retry: () => void };

/** The measures of some indexes by id; polls the server while it measures. */
export function useReports(indexes: readonly string[]): ReadonlyMap<string, ReportState> {
  const client = useClient();
  const [attempt, setAttempt] = useState(0);
  const [states, setStates] = useState<ReadonlyMap<string, ReportState>>(new Map());
  const key = JSON.stringify(indexes);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the list; a new attempt runs the effect again.
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const set = (index: string, state: ReportState): void => {
      if (!signal.aborted) setStates((before) => new Map(before).set(index, state));
    };
    const retry = (): void => setAttempt((n) => n + 1);
    for (const index of indexes) {
      if (states.get(index)?.state === 'failed') set(index, { state: 'measuring', progress: null });
      client
        .measured(index, { signal, onProgress: (progress) => set(index, { state: 'measuring', progress }) })
        .then((report) => set(index, { state: 'ready', report }))
        .catch((error: unknown) => set(index, { state: 'failed', error, retry }));
    }
    return () => controller.abort();
  }, [client, key, attempt]);
  return states;
}
