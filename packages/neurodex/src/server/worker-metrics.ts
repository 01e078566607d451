import type { Worker } from 'node:cluster';
import type { ProcessMetrics } from './metrics.ts';
import type { ToWorker } from './worker-messages.ts';

/** Milliseconds that a worker has to tell its metrics. */
const TIME = 2000;

/** Asks processes for their metrics; one that does not answer in time has none. */
export class WorkerMetrics {
  private readonly waiting = new Map<number, (metrics: ProcessMetrics) => void>();
  private asked = 0;

  gather(workers: readonly Worker[]): Promise<ProcessMetrics[]> {
    return Promise.all(workers.map((worker) => this.of(worker)));
  }

  /** A process has answered. */
  hear(id: number, metrics: ProcessMetrics): void {
    this.waiting.get(id)?.(metrics);
  }

  private of(worker: Worker): Promise<ProcessMetrics> {
    return new Promise((resolve) => {
      const id = ++this.asked;
      const done = (metrics: ProcessMetrics): void => {
        clearTimeout(late);
        this.waiting.delete(id);
        resolve(metrics);
      };
      const late = setTimeout(done, TIME, []);
      this.waiting.set(id, done);
      tell(worker, { kind: 'metrics-wanted', id });
    });
  }
}

export function tell(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message);
}
