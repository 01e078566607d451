import { workerData } from 'piscina';
import { type LoadTask, loadBatch, type PixelSource } from './load-batch.ts';
import { rowsOfFile } from './rows-of-file.ts';

/** `loadBatch` on a thread of its own. */
export default (task: LoadTask): void => loadBatch(workerData as PixelSource, task, rowsOfFile);
