import { constants, setPriority } from 'node:os';
import type { Device } from '@neurodex/autograd';
import { type ErrorCode, NeurodexError } from '@neurodex/core';
import { spawnProcess, workerFile } from '@neurodex/core/workers';
import type { MeasuredReport } from './api/schemas.ts';
import type { Measure } from './report-desk.ts';

export interface MeasureRequest {
  readonly folder: string;
  /** Of the version that is served: no other is measured. */
  readonly digest: string;
  readonly device: Device;
}

export type MeasureMessage =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'measured'; readonly report: MeasuredReport }
  | { readonly kind: 'failed'; readonly code: ErrorCode | undefined; readonly message: string };

const CHILD = workerFile('./measure-child.ts', import.meta.url);

/**
 * Measures in a process of its own and of low priority: measuring computes for seconds in one go, and its memory is given
 * back when it is done.
 * @param folderOf the folder of an index by its id
 */
export const measureApart =
  (folderOf: (index: string) => string, device: Device): Measure =>
  (index, digest, { signal, onProgress }) =>
    new Promise((resolve, reject) => {
      const child = spawnProcess(CHILD, {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        signal,
        killSignal: 'SIGKILL',
      });
      lowerPriority(child.pid);
      child.on('message', (message: MeasureMessage) => {
        if (message.kind === 'progress') onProgress(message.done, message.total);
        else if (message.kind === 'measured') resolve(message.report);
        else
          reject(
            message.code === undefined ? new Error(message.message) : new NeurodexError(message.code, message.message),
          );
      });
      child.on('error', reject);
      child.on('exit', (status, killed) =>
        reject(new Error(`the process that measures ended with ${status ?? killed}`)),
      );
      // Where the child could not be started or has ended, its own events say so.
      child.send({ folder: folderOf(index), digest, device } satisfies MeasureRequest, () => {});
    });

/** As far as the system lets it: measuring is not worth less for it. */
function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended already, which its exit tells; or the system refuses.
  }
}
