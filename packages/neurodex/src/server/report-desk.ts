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
  /** @param digest of the version that is served: no other is measured */
  ask(index: string, digest: string): Promise<ReportState>;
  close(): Promise<void>;
}

export type Measure = (
  index: string,
  digest: string,
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
  /** By index, of the version that was asked for last. */
  const states = new Map<string, { readonly digest: string; readonly state: ReportState }>();
  const stop = new AbortController();
  let last: Promise<void> = Promise.resolve();

  const isAsked = (index: string, digest: string): boolean => states.get(index)?.digest === digest;
  const tell = (index: string, digest: string, state: ReportState): void => {
    if (isAsked(index, digest)) states.set(index, { digest, state });
  };
  const run = async (index: string, digest: string): Promise<void> => {
    if (stop.signal.aborted || !isAsked(index, digest)) return;
    try {
      const onProgress = (done: number, total: number) => tell(index, digest, { status: 'measuring', done, total });
      tell(index, digest, await measure(index, digest, { signal: stop.signal, onProgress }));
    } catch (error) {
      const state = failed(error, failedSeconds);
      tell(index, digest, state);
      if (stop.signal.aborted) return;
      onFault(error);
      if (state.code === 'report-failed') {
        const forget = () => isAsked(index, digest) && states.delete(index);
        setTimeout(forget, 1000 * failedSeconds).unref();
      }
    }
  };
  const start = (index: string, digest: string): ReportState => {
    const state: Measuring = { status: 'measuring', done: 0, total: 0 };
    states.set(index, { digest, state });
    last = last.then(() => run(index, digest));
    return state;
  };
  return {
    ask: async (index, digest) =>
      isAsked(index, digest) ? (states.get(index)?.state ?? start(index, digest)) : start(index, digest),
    async close() {
      stop.abort();
      await last;
    },
  };
}

/** To whoever asks: where indexes lie is nobody's business. */
export const REPLACED = 'the index was replaced a moment ago; ask again';

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
