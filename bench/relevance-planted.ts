import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '@neurodex/autograd';
import { defined, NeurodexError, silentReporter } from '@neurodex/core';
import { type Dataset, DEBIAN_FOLDER, openEmoji, openFashionMnist, type SourcePicture } from '@neurodex/datasets';
import sharp from 'sharp';
import { photographsOfDebian } from './photographs.ts';

/** What a duplicate was made by. */
export const ALTERATIONS = ['JPEG quality 40', 'half size', '5 % crop', 'mirrored', 'one pixel changed'] as const;
export type Alteration = (typeof ALTERATIONS)[number];

/** Pictures in all, and duplicates among them of each alteration. */
const PICTURES = 2000;
const EACH = 80;

/** Pictures with duplicates among them that are known. */
export interface PlantedPictures {
  readonly dataset: Dataset;
  /** Path of a duplicate → path of its picture, and how it was made. */
  readonly planted: ReadonlyMap<string, { readonly of: string; readonly by: Alteration }>;
  /** Pictures by where they come from. */
  readonly sources: Readonly<Record<string, number>>;
}

/**
 * 1,600 pictures (emoji of two artists, photographs of Debian's stamps, Fashion-MNIST) and 400 duplicates of some of them, 80 by
 * each alteration. Names say nothing of it.
 * @param work folder for what is downloaded
 */
export async function plantedPictures(work: string, seed: number): Promise<PlantedPictures> {
  const random = Random.stream(seed, 'planted duplicates');
  const found = await originals(work, random);
  const count = PICTURES - ALTERATIONS.length * EACH;
  const { pictures, sources } = chosen(found, count, random);
  const altered = random.shuffled(pictures).slice(0, ALTERATIONS.length * EACH);
  const names = random.shuffled(Array.from({ length: PICTURES }, (_, i) => `${String(i).padStart(4, '0')}.png`));
  const paths = new Map(pictures.map((picture, i) => [picture, names[i] ?? '']));
  const planted = new Map<string, { of: string; by: Alteration }>();
  const all: SourcePicture[] = pictures.map((read, i) => picture(names[i] ?? '', read));
  for (const [i, read] of altered.entries()) {
    const by = defined(ALTERATIONS[i % ALTERATIONS.length], 'an alteration');
    const bytes = await alter(await read(), by, random);
    const path = names[count + i] ?? '';
    planted.set(path, { of: defined(paths.get(read), 'the picture'), by });
    all.push(picture(path, async () => bytes));
  }
  const dataset = { name: 'folder', source: 'planted duplicates', pictures: all, notices: [], skipped: [] };
  return { dataset, planted, sources };
}

type Read = () => Promise<Uint8Array>;

const picture = (path: string, read: Read): SourcePicture => ({ path, labels: [], read });

async function originals(work: string, random: Random): Promise<Record<string, Read[]>> {
  const emoji = await openEmoji({ concepts: 403, seed: 0, reporter: silentReporter });
  const photographs = await photographsOfDebian(join(work, 'tuxpaint-stamps-default'));
  if ('missing' in photographs) throw new NeurodexError('source-missing', photographs.missing);
  const files = (await readdir(photographs.folder, { recursive: true })).filter((file) => file.endsWith('.png')).sort();
  const fashion = await fashionMnist();
  return {
    emoji: emoji.pictures.filter(({ role }) => role === 'catalogue').map((each) => each.read),
    photographs: files.map((file) => () => readFile(join(photographs.folder, file))),
    'Fashion-MNIST': random.shuffled(fashion.pictures).map((each) => each.read),
  };
}

/** The training part, from Debian's package. @throws NeurodexError `source-missing` */
export async function fashionMnist(): Promise<Dataset> {
  if (!existsSync(join(DEBIAN_FOLDER, 'train-images-idx3-ubyte.gz')))
    throw new NeurodexError('source-missing', `Fashion-MNIST is not in ${DEBIAN_FOLDER}`, {
      hint: 'apt install dataset-fashion-mnist',
    });
  return await openFashionMnist({
    source: 'fashion-mnist',
    environment: {},
    downloads: () => {
      throw new Error('no download is needed');
    },
  });
}

/** Half of them emoji, all photographs, the rest Fashion-MNIST. */
function chosen(found: Record<string, Read[]>, count: number, random: Random) {
  const { emoji = [], photographs = [], 'Fashion-MNIST': fashion = [] } = found;
  const drawings = random.shuffled(emoji).slice(0, Math.floor(count / 2));
  const rest = fashion.slice(0, count - drawings.length - photographs.length);
  const pictures = random.shuffled([...drawings, ...photographs, ...rest]);
  const sources = { emoji: drawings.length, photographs: photographs.length, 'Fashion-MNIST': rest.length };
  return { pictures, sources };
}

/** Share of an edge. */
const CROPPED = 0.05;

async function alter(bytes: Uint8Array, by: Alteration, random: Random): Promise<Uint8Array> {
  const image = sharp(bytes).flatten({ background: '#ffffff' }).toColourspace('srgb');
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const again = () => sharp(data, { raw: { width, height, channels } });
  if (by === 'JPEG quality 40') return await again().jpeg({ quality: 40 }).toBuffer();
  if (by === 'mirrored') return await again().flop().png().toBuffer();
  if (by === 'half size')
    return await again()
      .resize(Math.ceil(width / 2), Math.ceil(height / 2), { fit: 'fill' })
      .png()
      .toBuffer();
  if (by === 'one pixel changed') {
    const at = channels * random.integer(width * height);
    for (let c = 0; c < channels; c++) data[at + c] = 255 - (data[at + c] ?? 0);
    return await again().png().toBuffer();
  }
  // Every second one loses 5 % at each edge, the others 5 % of width and height in all.
  const each = random.uniform() < 0.5;
  const cut = (edge: number): readonly [start: number, length: number] => {
    const gone = Math.max(1, Math.round(CROPPED * edge));
    return each ? [gone, edge - 2 * gone] : [random.integer(gone + 1), edge - gone];
  };
  const [[left, w], [top, h]] = [cut(width), cut(height)];
  return await again().extract({ left, top, width: w, height: h }).png().toBuffer();
}
