import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { errorCode, NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import type { PictureObject, SkippedFile } from '../dataset.ts';
import { Faults } from '../faults.ts';
import { JsonDamage, jsonRows } from './json-rows.ts';
import { boxOfRegion, pixelsOfRegion } from './mask.ts';
import { type CocoImage, captionOf, categoryOf, imageOf, type ObjectRow, objectOf, RowFault } from './rows.ts';

export type { CocoImage } from './rows.ts';

/** An object with the numbers by which COCO knows it. */
export interface CocoObject extends PictureObject {
  /** Its number. */
  readonly id: number;
  /** The number of its category. */
  readonly categoryId: number;
}

/** What one annotation file holds, row by row checked. */
export interface CocoFile {
  /** By their numbers. */
  readonly images: ReadonlyMap<number, CocoImage>;
  /** Names, by their numbers. */
  readonly categories: ReadonlyMap<number, string>;
  /** By picture, in the order of the file. */
  readonly captions: ReadonlyMap<number, readonly string[]>;
  /** By picture, in the order of the file. */
  readonly objects: ReadonlyMap<number, readonly CocoObject[]>;
  /** Categories of whole pictures: of annotations with neither a box nor a region, where `foreign` ones are read. */
  readonly labels: ReadonlyMap<number, readonly string[]>;
  /** Rows that were left out, with the reason. */
  readonly skipped: readonly SkippedFile[];
  /** There where not one of the annotations can be used: how many there are, and why. */
  readonly useless?: { readonly annotations: number; readonly reasons: string };
}

/** How an annotation file is read. */
export interface ReadAnnotationsOptions {
  /** `captions`: an annotation without a caption is a fault; else it is of an object. */
  readonly holds?: 'captions';
  /**
   * The export of another program: its pictures' paths may be from another machine, an annotation without a box is of the whole picture,
   * categories may have no names, and there may be no annotations.
   */
  readonly foreign?: boolean;
  /** Told how far it is. */
  readonly reporter?: Reporter;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

const LISTS = ['images', 'categories', 'annotations'] as const;
type ListName = (typeof LISTS)[number];
const isList = (key: string): key is ListName => LISTS.some((name) => name === key);

/**
 * A COCO annotation file (`instances_*.json`, `captions_*.json`: {info, images, annotations, categories, licenses}),
 * read as a stream: regions are looked at and let go. Rows that cannot be used are left out and named; a file that is cut
 * off, or no JSON, stops the work, because what its rest would have said nobody knows.
 * @throws NeurodexError `source-missing`, `source-damaged` (naming the file, the row and the byte), `source-unusable` (another
 *   kind of file), `source-empty` (no row of `images` can be used, with the reasons), `interrupted`
 * @example
 * ```ts
 * import { readAnnotations } from '@neurodex/datasets';
 *
 * const { images, objects } = await readAnnotations('coco2014/annotations/instances_val2014.json');
 * console.log(images.get(1007)?.file); // → COCO_val2014_000000001007.jpg
 * console.log(objects.get(1007)?.map(({ category, area }) => `${category} ${area}`)); // → [ 'dog 117', 'person 372' ]
 * ```
 */
export async function readAnnotations(path: string, options: ReadAnnotationsOptions = {}): Promise<CocoFile> {
  const reading = new Reading(path, options);
  for await (const { key, row, value } of rowsOf(path, options)) {
    if (!isList(key)) continue;
    if (row === undefined) reading.whole(key, value);
    else reading.row(key, row, value);
  }
  return reading.finish();
}

/** The rows of one file, as they come. */
class Reading {
  private readonly path: string;
  private readonly captionsOnly: boolean;
  private readonly foreign: boolean;
  private readonly faults: Faults;
  private readonly lists = new Set<ListName>();
  private readonly images = new Map<number, CocoImage>();
  private readonly categories = new Map<number, string>();
  private annotations = 0;
  /** Annotations may stand before the pictures and the categories that they name. */
  private readonly objects: { readonly row: number; readonly value: ObjectRow }[] = [];
  private readonly captions: { readonly row: number; readonly image: number; readonly caption: string }[] = [];
  /** Annotations of whole pictures: their pictures and categories, by turns. There may be millions. */
  private readonly ofPictures: number[] = [];
  /** The first annotation of each number. */
  private readonly numbers = new Map<number, ObjectRow>();

  constructor(path: string, { holds, foreign = false }: ReadAnnotationsOptions) {
    this.path = path;
    this.captionsOnly = holds === 'captions';
    this.foreign = foreign;
    this.faults = new Faults(basename(path));
  }

  /** A member that is no list, or an empty one. */
  whole(key: ListName, value: unknown): void {
    if (value === null) return;
    if (!Array.isArray(value)) throw unusable(this.path, `has no list in "${key}": it is not a COCO annotation file`);
    this.lists.add(key);
  }

  row(key: ListName, row: number, value: unknown): void {
    this.lists.add(key);
    if (key === 'annotations') this.annotations++;
    try {
      if (key === 'images') this.image(row, value);
      else if (key === 'categories') this.category(row, value);
      else this.annotation(row, value);
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      const of = error.key === '' ? 'they are no objects' : `their ${error.key} cannot be used`;
      this.faults.add(`${key}: ${of}`, `${key}[${row}]`, error.message);
    }
  }

  private image(row: number, value: unknown): void {
    const image = imageOf(value, this.foreign);
    if (!this.images.has(image.id)) this.images.set(image.id, image);
    else this.faults.add('images: their numbers are taken', `images[${row}]`, `the number ${image.id} is taken`);
  }

  private category(row: number, value: unknown): void {
    const { id, name } = categoryOf(value, this.foreign);
    const known = this.categories.get(id);
    if (known === undefined) this.categories.set(id, name);
    else if (known !== name) {
      const reason = `the number ${id} is taken by ${JSON.stringify(known)}`;
      this.faults.add('categories: their numbers are taken', `categories[${row}]`, reason);
    }
  }

  private annotation(row: number, value: unknown): void {
    if (this.captionsOnly || (typeof value === 'object' && value !== null && 'caption' in value)) {
      this.captions.push({ row, ...captionOf(value) });
      return;
    }
    const object = objectOf(value);
    if (this.foreign && object.box === undefined && isNothing(object.segmentation)) {
      this.ofPictures.push(object.image, object.category);
      return;
    }
    if (object.id !== undefined) {
      const twin = this.numbers.get(object.id);
      if (twin !== undefined && isSame(twin, object)) {
        const reason = `it is the annotation ${object.id} once more`;
        this.faults.add('annotations: they are there already', `annotations[${row}]`, reason);
        return;
      }
      if (twin === undefined) this.numbers.set(object.id, withoutRegion(object));
    }
    // A region is large, and only what is missing needs it.
    const complete = object.area !== undefined && object.box !== undefined;
    this.objects.push({ row, value: complete ? withoutRegion(object) : object });
  }

  finish(): CocoFile {
    for (const key of ['images', 'annotations'] as const) {
      if (key === 'annotations' && this.foreign) continue;
      if (!this.lists.has(key)) throw damaged(this.path, `has no "${key}": it is not a COCO annotation file`);
    }
    if (this.images.size === 0) throw noPictures(this.path, this.faults.summary('images'));
    const captions = this.placeCaptions();
    const objects = this.placeObjects();
    const labels = this.placeLabels();
    const useless = this.annotations > 0 && captions.size === 0 && objects.size === 0 && labels.size === 0;
    const { images, categories, faults } = this;
    return {
      images,
      categories,
      captions,
      objects,
      labels,
      skipped: faults.list(),
      ...(useless ? { useless: { annotations: this.annotations, reasons: faults.summary('annotations') } } : {}),
    };
  }

  private placeCaptions(): Map<number, string[]> {
    const placed = new Map<number, string[]>();
    for (const { row, image, caption } of this.captions) {
      const at = `annotations[${row}]`;
      // The notebook that this began as counts captions of two characters and more.
      if (caption.length < 2) this.faults.add('annotations: their captions are empty', at, 'its caption is empty');
      else if (!this.images.has(image)) this.noPicture(at, image);
      else push(placed, image, caption);
    }
    return placed;
  }

  private placeObjects(): Map<number, CocoObject[]> {
    const placed = new Map<number, CocoObject[]>();
    const names = distinct(this.categories);
    for (const { row, value } of this.objects) {
      const at = `annotations[${row}]`;
      const image = this.images.get(value.image);
      const category = names.get(value.category);
      if (image === undefined) {
        this.noPicture(at, value.image);
        continue;
      }
      if (category === undefined) {
        this.noCategory(at, value.category);
        continue;
      }
      const box = value.box ?? boxOfRegion(value.segmentation, image);
      if (box === undefined) {
        this.faults.add('annotations: they have neither a box nor a region', at, 'it has neither a box nor a region');
      } else if (!(box[2] > 0 && box[3] > 0)) {
        this.faults.add('annotations: their boxes have no area', at, `its box of ${box[2]} × ${box[3]} has no area`);
      } else {
        const area = value.area ?? pixelsOfRegion(value.segmentation, image) ?? box[2] * box[3];
        const { id = row, crowd } = value;
        push(placed, image.id, { id, categoryId: value.category, category, box, area, crowd });
      }
    }
    return placed;
  }

  private placeLabels(): Map<number, string[]> {
    const placed = new Map<number, string[]>();
    const names = distinct(this.categories);
    for (let i = 0; i + 1 < this.ofPictures.length; i += 2) {
      const image = this.ofPictures[i] ?? NaN;
      const category = this.ofPictures[i + 1] ?? NaN;
      const name = names.get(category);
      const at = `annotations[of picture ${image}]`;
      if (!this.images.has(image)) this.noPicture(at, image);
      else if (name === undefined) this.noCategory(at, category);
      else push(placed, image, name);
    }
    return placed;
  }

  private noCategory(at: string, category: number): void {
    const none = this.categories.size === 0;
    const missing = none ? 'the file has no categories' : 'not in categories';
    const reason = none
      ? `its category ${category} has no name, for the file has no categories`
      : `its category ${category} is not in categories`;
    this.faults.add(`annotations: their category has no name: ${missing}`, at, reason);
  }

  private noPicture(at: string, image: number): void {
    this.faults.add('their pictures are not in images', at, `its picture ${image} is not in images`);
  }
}

/** As tools write "no region": nothing, or an empty list. */
const isNothing = (segmentation: unknown): boolean =>
  segmentation === undefined || segmentation === null || (Array.isArray(segmentation) && segmentation.length === 0);

const withoutRegion = (object: ObjectRow): ObjectRow => ({ ...object, segmentation: undefined });

const isSame = (a: ObjectRow, b: ObjectRow): boolean =>
  a.image === b.image && a.category === b.category && a.area === b.area && String(a.box) === String(b.box);

/** Two categories of one name must not become one. */
function distinct(categories: ReadonlyMap<number, string>): ReadonlyMap<number, string> {
  const counts = new Map<string, number>();
  for (const name of categories.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return new Map([...categories].map(([id, name]) => [id, (counts.get(name) ?? 0) > 1 ? `${name} (${id})` : name]));
}

function push<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

const damaged = (path: string, what: string, cause?: unknown): NeurodexError =>
  new NeurodexError('source-damaged', `${path} ${what}`, {
    hint: 'copy, download or unpack the file again',
    details: { path },
    cause,
  });

const FORMAT_HINT = 'correct the file as the reason says; https://cocodataset.org/#format-data describes the format';

const unusable = (path: string, what: string): NeurodexError =>
  new NeurodexError('source-unusable', `${path} ${what}`, { hint: FORMAT_HINT, details: { path } });

const noPictures = (path: string, reasons: string): NeurodexError =>
  new NeurodexError(
    'source-empty',
    `${path} lists no pictures${reasons === '' ? ': "images" is empty' : ` that can be used: ${reasons}`}`,
    { hint: reasons === '' ? 'name a file whose "images" lists the pictures' : FORMAT_HINT, details: { path } },
  );

/** @throws NeurodexError `source-unusable` with the reasons, where not one of a file's annotations can be used */
export function refuseUseless(path: string, { useless }: CocoFile): void {
  if (useless === undefined) return;
  const { annotations, reasons } = useless;
  throw unusable(path, `has annotations, ${annotations} of them, and none can be used: ${reasons}`);
}

const CHUNK = 1 << 20;

async function* rowsOf(path: string, { reporter = silentReporter, signal }: ReadAnnotationsOptions) {
  const stream = createReadStream(path, { highWaterMark: CHUNK });
  const read: AsyncIterable<Buffer> = stream;
  let bytes = 0;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of read) {
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
    const code = errorCode(error);
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
