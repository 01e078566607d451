import { NeurodexError } from '@neurodex/core';
import type { MeasuredReport, Measuring } from './api/schemas.ts';

export type ReportState =
  | MeasuredReport
  | Measuring
  | {
      readonly status: 'failed';
      readonly code: 'report-impossible' | 'report-failed';
      readonly reason: string;
      /** Seconds after which to ask again; undefined where that would change nothing. */
      readonly retryAfter?: number;
    };

/** Has indexes measured: each once, and again when somebody asks after it failed. */
export interface ReportDesk {
  /** @param index id of a served index */
  ask(index: string): Promise<ReportState>;
  close(): Promise<void>;
}

export type Measure = (
  index: string,
  options: { readonly signal: AbortSignal; readonly onProgress: (done: number, total: number) => void },
) => Promise<MeasuredReport>;

/** Seconds for which a failure is told to all who ask, before somebody has the index measured again. */
const FAILED_SECONDS = 5;

/** Measures one index at a time, in the order in which they are asked for. */
export function reportDesk(
  measure: Measure,
  onFault: (error: unknown) => void,
  failedSeconds: number = FAILED_SECONDS,
): ReportDesk {
  const states = new Map<string, ReportState>();
  const stop = new AbortController();
  let last: Promise<void> = Promise.resolve();

  const run = async (index: string): Promise<void> => {
    if (stop.signal.aborted) return;
    try {
      const onProgress = (done: number, total: number) => states.set(index, { status: 'measuring', done, total });
      states.set(index, await measure(index, { signal: stop.signal, onProgress }));
    } catch (error) {
      const state = failed(error, failedSeconds);
      states.set(index, state);
      if (stop.signal.aborted) return;
      onFault(error);
      if (state.code === 'report-failed') setTimeout(() => states.delete(index), 1000 * failedSeconds).unref();
    }
  };
  const start = (index: string): ReportState => {
    const begun: Measuring = { status: 'measuring', done: 0, total: 0 };
    states.set(index, begun);
    last = last.then(() => run(index));
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

/** To whoever asks: where indexes lie is nobody's business. */
export const REPLACED = 'the index was replaced since this server started; the server has to be restarted';

/** That there is nothing to measure an index with is no secret; anything else is a fault. */
const failed = (error: unknown, retryAfter: number): ReportState & { status: 'failed' } =>
  error instanceof NeurodexError && error.code === 'usage'
    ? { status: 'failed', code: 'report-impossible', reason: error.message }
    : {
        status: 'failed',
        code: 'report-failed',
        reason:
          error instanceof NeurodexError && error.code === 'index-replaced'
            ? REPLACED
            : 'the index could not be measured; the log of the server says why',
        retryAfter,
      };
