import { workerData } from 'piscina';
import { type EmbeddingSource, type LoadTask, loadBatch, type PixelSource } from './load-batch.ts';

/** `showPictures` on a thread of its own. */
export default (task: LoadTask): void => loadBatch(workerData as PixelSource | EmbeddingSource, task);
