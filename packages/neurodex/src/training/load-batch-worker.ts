import { workerData } from 'piscina';
import { type InputSource, type LoadTask, loadBatch } from './load-batch.ts';

/** `loadBatch` on a thread of its own. */
export default (task: LoadTask): void => loadBatch(workerData as InputSource, task);
