import { type ErrorCode, type ErrorDetails, NeurodexError } from '@neurodex/core';
import type { Changed, ChangeRequest, Refused } from './index-changes.ts';
import type { ProcessMetrics } from './metrics.ts';
import type { ReportState } from './report-desk.ts';
import type { ServerSettings } from './server-options.ts';

/** Why a process did not change an index for another one. */
export interface RefusedChange extends Refused {
  readonly retryAfter: number | undefined;
}

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
  | { readonly kind: 'ask-change'; readonly id: number; readonly index: string; readonly request: ChangeRequest }
  | { readonly kind: 'metrics'; readonly id: number; readonly metrics: ProcessMetrics };

/** What it is told. */
export type ToWorker =
  | { readonly kind: 'start'; readonly settings: ServerSettings }
  | { readonly kind: 'stop' }
  | { readonly kind: 'report'; readonly id: number; readonly state: ReportState }
  | { readonly kind: 'change'; readonly id: number; readonly answer: Changed | RefusedChange }
  /** A picture is being removed; it is seen again where that failed. */
  | { readonly kind: 'hide'; readonly index: string; readonly picture: number; readonly isHidden: boolean }
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
