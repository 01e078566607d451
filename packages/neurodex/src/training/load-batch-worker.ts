import { workerData } from 'piscina';
import { type EmbeddingSource, type PixelSource, type ShowTask, showPictures } from './load-batch.ts';

/** `showPictures` on a thread of its own. */
export default (task: ShowTask): void => showPictures(workerData as PixelSource | EmbeddingSource, task);
