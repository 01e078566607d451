import { listed } from '@neurodex/core';
import type { LayoutNote, SkippedFile, SourcePicture } from '../dataset.ts';

/** Files beside pictures that may well hold their labels: YOLO, Pascal VOC, imagefolder, tables of Kaggle. */
const LABELS = /\.(csv|tsv|jsonl|ndjson|json|xml|parquet|xlsx|txt|ya?ml|mat|npy)$/i;
const READ = /\.(jsonl|ndjson|parquet)$/i;
/** What nobody takes for labels. */
const PROSE = /(^|\/)(readme|licen[cs]e|notice|authors?|changelog|citation)[^/]*$/i;

/**
 * Pictures have no classes, and files beside them may hold their labels: which, and what to do about it.
 * @param skipped what was passed over while listing
 */
export function besideNotes(
  skipped: readonly SkippedFile[],
  pictures: readonly SourcePicture[],
  source: string,
): LayoutNote[] {
  if (pictures.some(({ labels }) => labels.length > 0)) return [];
  const files = skipped.flatMap(({ path }) => (LABELS.test(path) && !PROSE.test(path) ? [path] : []));
  if (files.length === 0) return [];
  const readable = files.find((path) => READ.test(path));
  const way =
    readable === undefined
      ? 'write them as JSON lines ({"picture": "a.jpg", "label": "cat"}) and name that file as SOURCE, or sort the pictures into class folders'
      : `name ${source}/${readable} as SOURCE to use its labels`;
  return [
    {
      message: `labels may be in ${listed(files, 3)}, which a folder of pictures is read without; ${way}`,
      doubtful: true,
    },
  ];
}
