import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { Random } from '@neurodex/autograd';
import { openEmoji, openFolder } from '@neurodex/datasets';
import { decodePicture } from '@neurodex/datasets/image';
import sharp, { type OutputInfo } from 'sharp';

/** Edge of every picture, in pixels. */
export const SIZE = 160;

export interface BenchPicture {
  /** PNG of SIZE×SIZE pixels. */
  readonly file: string;
  readonly label: string;
}

/** What both sides index and are asked. */
export interface PictureSet {
  readonly description: string;
  readonly catalogue: readonly BenchPicture[];
  readonly queries: readonly BenchPicture[];
}

const CONCEPTS = 200;

/** Emoji by two artists, and as queries the same things by a third, as in the demo. */
export async function emojiSet(folder: string): Promise<PictureSet> {
  const { pictures } = await openEmoji({ concepts: CONCEPTS, seed: 0, size: SIZE });
  const writer = new SetWriter(folder);
  for (const { path, labels, role, read } of pictures) {
    if (role !== 'catalogue' && role !== 'test') continue;
    const { pixels } = await decodePicture(await read(), { name: path, size: SIZE, maxPixels: 1e8 });
    await writer.add(pixels, labels[0] ?? '', role === 'test');
  }
  return writer.set(`emoji: ${CONCEPTS} things by two artists, queries by a third`);
}

/** A folder with a folder for each class; every fourth picture of a class is a query. */
export async function folderSet(source: string, folder: string): Promise<PictureSet> {
  const { pictures } = await openFolder(source);
  const writer = new SetWriter(folder);
  const seen = new Map<string, number>();
  for (const { path, labels, read } of pictures) {
    const label = labels[0] ?? '';
    const number = seen.get(label) ?? 0;
    seen.set(label, number + 1);
    const { pixels } = await decodePicture(await read(), { name: path, size: SIZE, maxPixels: 1e9 });
    await writer.add(pixels, label, number % 4 === 3);
  }
  return writer.set(`classes of the folder ${source}`);
}

/** Views of each photograph: those in the catalogue, and those that are queries. */
const VIEWS = { catalogue: 14, queries: 6 } as const;
const EXTENSIONS = new Set(['.jpg', '.jpeg', '.png', '.webp']);
/** Shorter edge that a photograph is scaled to before views are cut out of it. */
const SHORT_EDGE = 480;

/**
 * Views cut out of photographs: a square of 40 to 80 % of the shorter edge, anywhere, turned by up to 20°, with another
 * brightness. Views of one photograph are relevant to each other: finding the same scene, for which bags of visual words
 * were made.
 * @returns RGB of SIZE×SIZE pixels, view by view
 */
async function* views(
  source: string,
  count: number,
): AsyncGenerator<{ file: string; view: number; pixels: Uint8Array }> {
  const random = Random.seeded(1);
  for (const file of await photographsIn(source)) {
    const { data, info } = await sharp(join(source, file), { limitInputPixels: false })
      .autoOrient()
      .flatten({ background: '#fff' })
      .resize(SHORT_EDGE, SHORT_EDGE, { fit: 'outside' })
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    for (let view = 0; view < count; view++) yield { file, view, pixels: await cutView(data, info, random) };
  }
}

const photographsIn = async (source: string): Promise<string[]> =>
  (await readdir(source, { recursive: true })).filter((name) => EXTENSIONS.has(extname(name))).sort();

/** Views of photographs as both sides index them and are asked. */
export async function photographSet(source: string, folder: string): Promise<PictureSet> {
  const writer = new SetWriter(folder);
  for await (const { file, view, pixels } of views(source, VIEWS.catalogue + VIEWS.queries)) {
    await writer.add(pixels, file, view >= VIEWS.catalogue);
  }
  const { length } = await photographsIn(source);
  return writer.set(`${VIEWS.catalogue + VIEWS.queries} views each of ${length} photographs in ${source}`);
}

/** The views as a folder of pictures: a folder for each photograph, with `count` views in it. */
export async function photographViews(source: string, folder: string, count: number): Promise<void> {
  for await (const { file, view, pixels } of views(source, count)) {
    const own = join(folder, file.replaceAll(/[^\w.-]/g, '_'));
    await mkdir(own, { recursive: true });
    const raw = { width: SIZE, height: SIZE, channels: 3 } as const;
    await sharp(pixels, { raw })
      .png()
      .toFile(join(own, `${String(view).padStart(3, '0')}.png`));
  }
}

async function cutView(data: Buffer, { width, height, channels }: OutputInfo, random: Random): Promise<Uint8Array> {
  const side = Math.round(SHORT_EDGE * random.uniform(0.4, 0.8));
  const angle = random.uniform(-20, 20);
  const radians = (Math.abs(angle) * Math.PI) / 180;
  // The square that is cut out before it is turned, so large that the turned one lies within it.
  const outer = Math.min(SHORT_EDGE, Math.ceil(side * (Math.cos(radians) + Math.sin(radians))));
  const turned = await sharp(data, { raw: { width, height, channels } })
    .extract({
      left: random.integer(width - outer + 1),
      top: random.integer(height - outer + 1),
      width: outer,
      height: outer,
    })
    .rotate(angle)
    .raw()
    .toBuffer({ resolveWithObject: true });
  const inner = Math.floor(outer / (Math.cos(radians) + Math.sin(radians)));
  const edge = Math.floor((turned.info.width - inner) / 2);
  const view = await sharp(turned.data, { raw: turned.info })
    .extract({ left: edge, top: edge, width: inner, height: inner })
    .resize(SIZE, SIZE)
    .linear(random.uniform(0.8, 1.2), random.uniform(-15, 15))
    .removeAlpha()
    .raw()
    .toBuffer();
  return new Uint8Array(view);
}

class SetWriter {
  private readonly folder: string;
  private readonly catalogue: BenchPicture[] = [];
  private readonly queries: BenchPicture[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }

  async add(pixels: Uint8Array, label: string, query: boolean): Promise<void> {
    const list = query ? this.queries : this.catalogue;
    const file = join(this.folder, query ? 'queries' : 'catalogue', `${String(list.length).padStart(5, '0')}.png`);
    await mkdir(join(file, '..'), { recursive: true });
    const png = await sharp(pixels, { raw: { width: SIZE, height: SIZE, channels: 3 } })
      .png()
      .toBuffer();
    await writeFile(file, png);
    list.push({ file, label });
  }

  set(description: string): PictureSet {
    return { description, catalogue: this.catalogue, queries: this.queries };
  }
}
