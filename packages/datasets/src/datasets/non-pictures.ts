import { listed } from '@neurodex/core';
import { endingOf } from '../image/picture-formats.ts';
import { UNREAD_RAW } from '../image/raw/raw-kind.ts';
import { FRAMES_COMMAND, hasVideoExtension } from '../image/videos.ts';
import type { LayoutNote, SkippedFile } from './dataset.ts';

/** Files that programs write beside a picture or a video, with the same name: edits, ratings, thumbnails. */
const SIDECARS: ReadonlySet<string> = new Set([
  ...['aae', 'xmp', 'thm', 'pp3', 'dop', 'cos', 'on1', 'nksc', 'vrd', 'arp', 'exv'],
]);

const LIVE_PHOTO = 'the video of a Live Photo';
const VIDEO = 'a video';

/** A file whose name does not end like a picture's. Those that nobody takes for pictures are counted, and not warned of. */
export function notAPicture(path: string): SkippedFile {
  const ending = endingOf(path.slice(path.lastIndexOf('/') + 1));
  const as = (reason: string, expected = false): SkippedFile => ({
    path,
    reason,
    group: `${reason} (${ending === '' ? 'no ending' : `.${ending}`})`,
    ...(expected ? { expected: true } : {}),
  });
  // `videoNotes` tells of all of them together.
  if (hasVideoExtension(path)) return as(VIDEO, true);
  if (SIDECARS.has(ending)) return as('a file of settings beside a picture', true);
  if (UNREAD_RAW.has(ending)) return as('camera raw of a kind that is not read');
  return as('not a picture file');
}

const stemOf = (path: string): string => path.slice(0, path.lastIndexOf('.')).toLowerCase();

/**
 * The same files, where a video that belongs to a picture says so: iPhones write IMG_1.MOV beside IMG_1.HEIC.
 * @param pictures paths of the pictures
 */
export function withLivePhotos(skipped: readonly SkippedFile[], pictures: readonly string[]): SkippedFile[] {
  const stems = new Set(pictures.map(stemOf));
  return skipped.map((file) => {
    if (file.reason !== VIDEO || !stems.has(stemOf(file.path))) return file;
    return { ...file, reason: LIVE_PHOTO, group: LIVE_PHOTO };
  });
}

export const isVideo = ({ reason }: SkippedFile): boolean => reason === VIDEO;

/** How pictures of videos come into an index; nothing where there are no videos. */
export function videoNotes(skipped: readonly SkippedFile[]): LayoutNote[] {
  const videos = skipped.filter(isVideo);
  const [first] = videos;
  if (first === undefined) return [];
  const counts = new Map<string, number>();
  for (const { path } of videos) counts.set(endingOf(path), (counts.get(endingOf(path)) ?? 0) + 1);
  const kinds = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const all = listed(
    kinds.map(([ending, count]) => `${count} .${ending}`),
    4,
  );
  const which = videos.length === 1 ? `the video ${first.path} is` : `${videos.length} videos (${all}) are`;
  return [{ message: `${which} left out; pictures are taken out of a video by ${FRAMES_COMMAND}`, doubtful: true }];
}
