import type { Device } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import { idsOf } from './hosted-index.ts';
import type { ChangeDesk } from './index-changes.ts';
import { IndexDesk } from './index-desk.ts';
import type { Limits } from './limits.ts';

export interface ChangeDeskOptions {
  /** Folders. */
  readonly indexes: readonly string[];
  readonly device: Device;
  readonly cores: number;
  readonly limits: Pick<Limits, 'maxPixels' | 'lockSeconds' | 'writerIdleSeconds'>;
  readonly onFault: (error: unknown) => void;
}

/** Changes indexes from this process. */
export function changeDesk({ indexes, device, cores, limits, onFault }: ChangeDeskOptions): ChangeDesk {
  const { maxPixels, lockSeconds, writerIdleSeconds } = limits;
  const ids = idsOf(indexes);
  // Half of the cores: searches go on meanwhile.
  const threads = Math.max(1, Math.floor(cores / 2));
  const desks = new Map(
    indexes.map((folder, i) => [
      defined(ids[i], `the id of ${folder}`),
      new IndexDesk({ folder, device, threads, maxPixels, lockSeconds }, writerIdleSeconds, onFault),
    ]),
  );
  return {
    ask: (index, request) => defined(desks.get(index), `the index ${index}`).ask(request),
    async close() {
      for (const desk of desks.values()) await desk.close();
    },
  };
}
