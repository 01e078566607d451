import type { Reporter } from '@neurodex/core';
import type { LimitFunction } from 'p-limit';
import type { ByteProgress } from './byte-progress.ts';
import { downloadFailed, NETWORK_HINT } from './failures.ts';
import type { Http } from './http.ts';
import type { RemoteFile } from './remote-file.ts';
import type { Patience, RetryContext } from './retry.ts';

/** What all downloads of a run share. */
export interface Transfer {
  readonly cache: string;
  readonly http: Http;
  /** Holds the number of requests under way. Waits are outside of it. */
  readonly limit: LimitFunction;
  readonly patience: Patience;
  readonly reporter: Reporter;
  readonly signal: AbortSignal | undefined;
  readonly progress: ByteProgress;
}

export const retryContext = (remote: RemoteFile, transfer: Transfer, progress: () => number): RetryContext => ({
  name: remote.name,
  patience: transfer.patience,
  reporter: transfer.reporter,
  signal: transfer.signal,
  progress,
  giveUp: (failure, attempts) => {
    const wait = failure.retryAfter ?? 0;
    const why =
      wait > transfer.patience.longestRetryAfter
        ? `${failure.message}, and to come back in ${Math.ceil(wait / 60_000)} minutes`
        : `${failure.message}, ${attempts === 1 ? 'at the first attempt' : `the last of ${attempts} attempts`}`;
    return downloadFailed(remote, why, NETWORK_HINT, failure);
  },
});
