import { type ErrorCode, type ErrorDetails, NeurodexError } from '@neurodex/core';
import type { ProcessMetrics } from './metrics.ts';
import type { ReportState } from './report-desk.ts';
import type { ServerSettings } from './start-server.ts';

/** What a worker says to the process that started it. */
export type FromWorker =
  | { readonly kind: 'hello' }
  | { readonly kind: 'listening'; readonly address: string }
  /** Its last words. */
  | {
      readonly kind: 'failed';
      readonly code?: ErrorCode;
      readonly message: string;
      readonly hint?: string;
      readonly details?: ErrorDetails;
    }
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'ask-report'; readonly id: number; readonly index: string; readonly digest: string }
  | { readonly kind: 'ask-metrics'; readonly id: number }
  | { readonly kind: 'metrics'; readonly id: number; readonly metrics: ProcessMetrics };

/** What it is told. */
export type ToWorker =
  | { readonly kind: 'start'; readonly settings: ServerSettings }
  | { readonly kind: 'stop' }
  | { readonly kind: 'report'; readonly id: number; readonly state: ReportState }
  | { readonly kind: 'all-metrics'; readonly id: number; readonly text: string }
  | { readonly kind: 'metrics-wanted'; readonly id: number };

/** The error that a worker ended with. */
export function failureOf({ code, message, hint, details }: FromWorker & { kind: 'failed' }): Error {
  if (code === undefined) return new Error(message);
  return new NeurodexError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details }),
  });
}
