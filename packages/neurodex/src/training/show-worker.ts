import { workerData } from 'piscina';
import { type PixelSource, type ShowTask, showPictures } from './show-pictures.ts';

/** `showPictures` on a thread of its own. */
export default (task: ShowTask): void => showPictures(workerData as PixelSource, task);
