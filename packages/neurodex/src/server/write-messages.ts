import type { Device } from '@neurodex/autograd';
import type { ErrorCode, ErrorDetails } from '@neurodex/core';
import type { ChangeRequest, IndexVersion, Outcome } from './index-changes.ts';

/** What a writing thread begins with. */
export interface WriteThreadData {
  readonly folder: string;
  readonly device: Device;
  /** Of ONNX Runtime. */
  readonly threads: number;
  /** Of a picture that the server takes. */
  readonly maxPixels: number;
  /** Seconds to wait for another process that changes the index. */
  readonly lockSeconds: number;
}

export type WriteRequest =
  | { readonly kind: 'change'; readonly requests: readonly ChangeRequest[] }
  | { readonly kind: 'close' };

export type WriteReply =
  /** One outcome for each request. */
  | { readonly kind: 'changed'; readonly outcomes: readonly Outcome[]; readonly version: IndexVersion }
  /** `code` and `details` of a NeurodexError, which would arrive as a plain Error. */
  | { readonly kind: 'failed'; readonly error: Error; readonly code?: ErrorCode; readonly details?: ErrorDetails }
  | { readonly kind: 'closed' };
