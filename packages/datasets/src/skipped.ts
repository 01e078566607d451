/** Which files are passed over and why, in the same words for every reader. No module here needs Node: pages import it too. */

export type { SkippedFile } from './datasets/dataset.ts';
export { kindOfLeftover, leftoverReason } from './datasets/leftovers.ts';
export { isVideo, notAPicture, videoNotes, withLivePhotos } from './datasets/non-pictures.ts';
export { skippedByKind } from './datasets/skipped.ts';
export { classWarnings } from './datasets/warnings.ts';
export { sniffFormat } from './image/formats.ts';
export { jpegFrame } from './image/jpeg-kind.ts';
export { formatByName } from './image/picture-formats.ts';
export { COPY_AGAIN, DEVELOP, notAnImage, pictureEmpty } from './image/refusals.ts';
export { FRAMES_COMMAND } from './image/videos.ts';
