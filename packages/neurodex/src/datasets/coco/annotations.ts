import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';
import { NeurodexError } from '../../errors.ts';
import { type Reporter, silentReporter } from '../../progress.ts';
import { throwIfInterrupted } from '../../storage/atomic.ts';
import type { PictureObject, SkippedFile } from '../dataset.ts';
import { JsonDamage, jsonRows } from './json-rows.ts';
import { regionArea } from './mask.ts';

/** A picture as an annotation file lists it. */
export interface CocoImage {
  readonly id: number;
  readonly file: string;
  readonly width: number;
  readonly height: number;
  /** Where COCO serves it. */
  readonly url: string | undefined;
}

/** An object with the numbers by which COCO knows it. */
export interface CocoObject extends PictureObject {
  readonly id: number;
  readonly categoryId: number;
}

/** What one annotation file holds, row by row checked. */
export interface CocoFile {
  readonly images: ReadonlyMap<number, CocoImage>;
  readonly categories: ReadonlyMap<number, string>;
  /** By picture, in the order of the file. */
  readonly captions: ReadonlyMap<number, readonly string[]>;
  readonly objects: ReadonlyMap<number, readonly CocoObject[]>;
  /** Rows that were left out, with the reason. */
  readonly skipped: readonly SkippedFile[];
}

const id = z.int();
/** No way out of the folder of the pictures. */
const fileName = z.string().regex(/^(?!.*(^|\/)\.\.?(\/|$))[^/\\][^\\]*$/);
const imageRow = z.object({
  id,
  file_name: fileName,
  width: z.int().min(1),
  height: z.int().min(1),
  coco_url: z.string().optional(),
});
const categoryRow = z.object({ id, name: z.string().min(1) });
const captionRow = z.object({ id: id.optional(), image_id: id, caption: z.string() });
const objectRow = z.object({
  id: id.optional(),
  image_id: id,
  category_id: id,
  bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]),
  area: z.number().min(0).optional(),
  iscrowd: z.union([z.literal(0), z.literal(1), z.boolean()]).optional(),
  segmentation: z.unknown().optional(),
});

type ObjectRow = z.infer<typeof objectRow>;

/** Rows with one kind of fault that are named one by one; the rest are counted. */
const NAMED = 20;

/** Collects the rows that are left out. */
class Faults {
  private readonly file: string;
  private readonly byKind = new Map<string, { rows: SkippedFile[]; count: number }>();

  constructor(file: string) {
    this.file = file;
  }

  add(kind: string, row: string, reason: string): void {
    const faults = this.byKind.get(kind) ?? { rows: [], count: 0 };
    this.byKind.set(kind, faults);
    if (++faults.count <= NAMED) faults.rows.push({ path: this.file, reason: `${row}: ${reason}` });
  }

  list(): SkippedFile[] {
    return [...this.byKind].flatMap(([kind, { rows, count }]) =>
      count <= NAMED ? rows : [...rows, { path: this.file, reason: `and ${count - NAMED} more rows: ${kind}` }],
    );
  }
}

export interface ReadAnnotationsOptions {
  readonly reporter?: Reporter;
  readonly signal?: AbortSignal;
}

/**
 * A COCO annotation file (`instances_*.json`, `captions_*.json`: {info, images, annotations, categories, licenses}),
 * read as a stream: regions are looked at and let go. Rows that make no sense are left out and named; a file that is cut
 * off, or no JSON, stops the work, because what its rest would have said nobody knows.
 * @throws NeurodexError `source-missing`, `source-damaged` (naming the file, the row and the byte), `interrupted`
 */
export async function readAnnotations(path: string, options: ReadAnnotationsOptions = {}): Promise<CocoFile> {
  const file = basename(path);
  const faults = new Faults(file);
  const images = new Map<number, CocoImage>();
  const categories = new Map<number, string>();
  const captions = new Map<number, string[]>();
  const objects = new Map<number, CocoObject[]>();
  /** Annotations may stand before the pictures and the categories that they name. */
  const waiting: { row: number; value: Partial<ObjectRow> & Omit<ObjectRow, 'segmentation'> }[] = [];
  const waitingCaptions: { row: number; image: number; caption: string }[] = [];
  const keys = new Set<string>();

  for await (const { key, row, value } of rowsOf(path, options)) {
    keys.add(key);
    if (row === undefined) continue;
    const at = `${key}[${row}]`;
    if (key === 'images') {
      const image = imageRow.safeParse(value);
      if (!image.success) faults.add('images that make no sense', at, problem(image.error));
      else if (images.has(image.data.id))
        faults.add('images with a number that is taken', at, `the number ${image.data.id} is taken`);
      else {
        const { id: number, file_name, width, height, coco_url } = image.data;
        images.set(number, { id: number, file: file_name, width, height, url: coco_url });
      }
    } else if (key === 'categories') {
      const category = categoryRow.safeParse(value);
      if (category.success) categories.set(category.data.id, category.data.name);
      else faults.add('categories that make no sense', at, problem(category.error));
    } else if (key === 'annotations') {
      if (typeof value === 'object' && value !== null && 'caption' in value) {
        const caption = captionRow.safeParse(value);
        if (!caption.success) faults.add('captions that make no sense', at, problem(caption.error));
        else waitingCaptions.push({ row, image: caption.data.image_id, caption: caption.data.caption.trim() });
        continue;
      }
      const object = objectRow.safeParse(value);
      if (!object.success) {
        faults.add('annotations that make no sense', at, problem(object.error));
        continue;
      }
      // A region is large, and only a missing area needs it.
      const { segmentation, ...rest } = object.data;
      waiting.push({ row, value: rest.area === undefined ? { ...rest, segmentation } : rest });
    }
  }
  for (const key of ['images', 'annotations'] as const) {
    if (!keys.has(key)) throw damaged(path, `has no "${key}": it is not a COCO annotation file`);
  }

  for (const { row, image, caption } of waitingCaptions) {
    // The seed's notebook counts captions of two characters and more.
    if (caption.length < 2) faults.add('captions without words', `annotations[${row}]`, 'its caption is empty');
    else if (!images.has(image)) noPicture(faults, row, image);
    else push(captions, image, caption);
  }
  for (const { row, value } of waiting) {
    const image = images.get(value.image_id);
    const category = categories.get(value.category_id);
    const [left, top, width, height] = value.bbox;
    const at = `annotations[${row}]`;
    if (image === undefined) noPicture(faults, row, value.image_id);
    else if (category === undefined) {
      faults.add('their category is not in categories', at, `its category ${value.category_id} is not in categories`);
    } else if (!(width > 0 && height > 0)) {
      faults.add('their boxes have no area', at, `its box of ${width} × ${height} has no area`);
    } else {
      push(objects, image.id, {
        id: value.id ?? row,
        categoryId: value.category_id,
        category,
        box: [left, top, width, height],
        area: value.area ?? regionArea(value.segmentation, image.height, image.width) ?? width * height,
        crowd: value.iscrowd === 1 || value.iscrowd === true,
      });
    }
  }
  return { images, categories, captions, objects, skipped: faults.list() };
}

const noPicture = (faults: Faults, row: number, image: number): void =>
  faults.add('their pictures are not in images', `annotations[${row}]`, `its picture ${image} is not in images`);

function push<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

/** The first thing that is wrong, in words: 'width: expected number, received string'. */
function problem(error: z.ZodError): string {
  const [issue] = error.issues;
  const where = issue?.path.join('.') ?? '';
  return `${where === '' ? '' : `${where}: `}${(issue?.message ?? 'makes no sense').replace(/^Invalid input: /, '')}`;
}

const damaged = (path: string, what: string, cause?: unknown): NeurodexError =>
  new NeurodexError('source-damaged', `${path} ${what}`, {
    hint: 'copy, download or unpack the file again',
    details: { path },
    cause,
  });

const CHUNK = 1 << 20;

async function* rowsOf(path: string, { reporter = silentReporter, signal }: ReadAnnotationsOptions) {
  const stream = createReadStream(path, { highWaterMark: CHUNK });
  let bytes = 0;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      throwIfInterrupted(signal);
      bytes += chunk.length;
      yield chunk;
      reporter.progress({ phase: 'annotations', done: Math.round(bytes / 1e6), unit: 'MB' });
    }
  }
  try {
    yield* jsonRows(chunks());
  } catch (error) {
    if (error instanceof JsonDamage) throw damaged(path, `${error.message}, at byte ${error.byte}`, error);
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new NeurodexError('source-missing', `${path} is not there`, {
        hint: 'check the path, or leave out --from to download it',
        details: { path },
        cause: error,
      });
    }
    throw error;
  } finally {
    stream.destroy();
  }
}
