import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import type { Role, SourcePicture } from '@neurodex/datasets';
import { DEBIAN_FOLDER, openFashionMnist } from '@neurodex/datasets';
import sharp from 'sharp';
import type { IdentifierOrder } from '../packages/neurodex/src/config.ts';
import { numeric } from '../packages/neurodex/src/identifiers/numeric.ts';
import { type PictureStore, partsOf, type StoredPicture } from '../packages/neurodex/src/pictures/picture-store.ts';

/** Of the 512 pictures of the seed's smallest study: 128 to index, the others queries; and test queries enough to tell. */
const COUNTS: readonly (readonly [Role, number])[] = [
  ['catalogue', 128],
  ['train', 346],
  ['validation', 38],
  ['test', 200],
];
const CLASSES = 10;

/** Pictures in memory, larger than the files are, as the seed's network wants them. */
export interface FashionPictures {
  /** Edge in pixels. */
  readonly size: number;
  /** uint8 [rows, size, size, 3] */
  readonly pixels: Uint8Array;
  /** Catalogue pictures first; their identifiers are numbers without leading zeros. */
  readonly pictures: readonly StoredPicture[];
}

/** Pictures of Fashion-MNIST, enlarged; as many of each class as the counts divide into. */
export async function fashionPictures(
  size: number,
  order: IdentifierOrder,
): Promise<FashionPictures | { readonly missing: string }> {
  if (!existsSync(join(DEBIAN_FOLDER, 'train-images-idx3-ubyte.gz'))) {
    return { missing: `Fashion-MNIST is not in ${DEBIAN_FOLDER} (Debian: apt install dataset-fashion-mnist)` };
  }
  const dataset = await openFashionMnist({
    source: 'fashion-mnist',
    environment: {},
    downloads: () => {
      throw new Error('no download is needed');
    },
  });
  const classes = new Map<string, SourcePicture[]>();
  for (const picture of dataset.pictures) {
    const label = picture.labels[0] ?? '';
    const members = classes.get(label);
    if (members === undefined) classes.set(label, [picture]);
    else members.push(picture);
  }
  // Round the classes, a picture of each in turn: every part has all classes alike.
  const turns = [...classes.values()].map((members) => members.values());
  const chosen = COUNTS.flatMap(([role, count]) =>
    Array.from({ length: count }, (_, i) => {
      const picture = turns[i % CLASSES]?.next().value;
      if (picture === undefined) throw new Error('Fashion-MNIST has too few pictures');
      return { role, picture };
    }),
  );
  const pixels = new Uint8Array(new SharedArrayBuffer(chosen.length * size * size * 3));
  for (const [row, { picture }] of chosen.entries()) {
    const { data } = await sharp(await picture.read())
      .resize(size, size)
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    pixels.set(data, row * size * size * 3);
  }
  const named = chosen.filter(({ role }) => role === 'catalogue').map(({ picture }) => picture);
  const identifiers = numeric.assign(named, { order, zeroPadding: false }, Random.seeded(1));
  return {
    size,
    pixels,
    pictures: chosen.map(({ role, picture: { path, labels } }, row) => ({
      row,
      id: row,
      path,
      labels,
      role,
      ...(role === 'catalogue' ? { identifier: defined(identifiers[row], 'an identifier') } : {}),
    })),
  };
}

/** The same pictures scaled down, as a catalogue in memory. */
export async function scaledCatalogue(from: FashionPictures, size: number): Promise<PictureStore> {
  const { pictures } = from;
  const [whole, bytes] = [from.size ** 2 * 3, size * size * 3];
  const pixels = new Uint8Array(new SharedArrayBuffer(pictures.length * bytes));
  await Promise.all(
    pictures.map(async ({ row }) => {
      const one = from.pixels.slice(row * whole, (row + 1) * whole);
      const small = await sharp(one, { raw: { width: from.size, height: from.size, channels: 3 } })
        .resize(size, size)
        .raw()
        .toBuffer();
      pixels.set(small, row * bytes);
    }),
  );
  return {
    size,
    ...partsOf(pictures),
    hasClasses: true,
    notices: [],
    skipped: [],
    pixels,
    thumbnail: (row) => Promise.reject(new Error(`no thumbnail of row ${row} is kept`)),
  };
}
