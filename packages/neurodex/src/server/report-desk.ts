import type { MeasuredReport, Measuring } from './api/schemas.ts';

export type ReportState = MeasuredReport | Measuring | { readonly status: 'failed' };

/** Has indexes measured, each once. */
export interface ReportDesk {
  /** @param index id of a served index */
  ask(index: string): Promise<ReportState>;
  close(): Promise<void>;
}

export type Measure = (
  index: string,
  options: { readonly signal: AbortSignal; readonly onProgress: (done: number, total: number) => void },
) => Promise<MeasuredReport>;

/** Measures one index at a time, in the order in which they are asked for. */
export function reportDesk(measure: Measure, onFault: (error: unknown) => void): ReportDesk {
  const states = new Map<string, ReportState>();
  const stop = new AbortController();
  let last: Promise<void> = Promise.resolve();

  const start = (index: string): ReportState => {
    const begun: Measuring = { status: 'measuring', done: 0, total: 0 };
    states.set(index, begun);
    last = last.then(async () => {
      if (stop.signal.aborted) return;
      try {
        const measured = await measure(index, {
          signal: stop.signal,
          onProgress: (done, total) => states.set(index, { status: 'measuring', done, total }),
        });
        states.set(index, measured);
      } catch (error) {
        states.set(index, { status: 'failed' });
        if (!stop.signal.aborted) onFault(error);
      }
    });
    return begun;
  };

  return {
    ask: async (index) => states.get(index) ?? start(index),
    async close() {
      stop.abort();
      await last;
    },
  };
}
