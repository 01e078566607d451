import { hasPictureExtension } from '../image/picture-formats.ts';
import { describeRow, type Problem } from './labels.ts';

/** What a JSON object beside a picture says of it. */
export interface RecordFacts {
  readonly labels: readonly string[];
  readonly captions: readonly string[];
}

/** Names before numbers: the first that is there is read. `category` and `tags` are other things to those who write sidecars. */
const LABELS = ['class_name', 'label_name', 'labels', 'label', 'classes', 'class', 'cls'] as const;
const CAPTIONS = ['captions', 'caption', 'text', 'title', 'description'] as const;

const held = (record: Readonly<Record<string, unknown>>, key: string): unknown =>
  Object.hasOwn(record, key) ? (record[key] ?? undefined) : undefined;

/** Labels and captions of an object as img2dataset, gallery-dl, yt-dlp, Google Takeout and WebDataset write them. */
export function factsOfRecord(record: Readonly<Record<string, unknown>>): RecordFacts | Problem {
  const label = LABELS.map((key) => held(record, key)).find((value) => value !== undefined && value !== '');
  const captions = CAPTIONS.flatMap((key): readonly unknown[] => {
    const value = held(record, key);
    // Flickr's API wraps texts: {"_content": "A cat."}.
    const inner = typeof value === 'object' && value !== null && '_content' in value ? value._content : value;
    return Array.isArray(inner) ? inner : inner === undefined ? [] : [inner];
  });
  // Google Takeout gives the name of the file as the title.
  const texts = captions.filter((each) => typeof each === 'string' && !hasPictureExtension(each.trim()));
  const described = describeRow({ labels: label, captions: texts }, undefined);
  if ('reason' in described) return described;
  return { labels: described.labels, captions: [...new Set(described.captions ?? [])] };
}

/** Lines of a text beside a picture that are taken. */
const MOST_LINES = 20;

/** The sentences of a text beside a picture, a line each; none where it holds numbers, as the labels of YOLO do. */
export function captionsOfText(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return [...new Set(lines.filter((line) => /\p{L}/u.test(line) && !NUMBERS.test(line)))].slice(0, MOST_LINES);
}

/** A class and four numbers or more, in whatever form of number. */
const NUMBERS = /^[\w-]+(?:\s+-?\d*\.?\d+(?:e-?\d+)?){4,}$/i;
