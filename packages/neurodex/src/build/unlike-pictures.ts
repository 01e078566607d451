import type { Random } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import type { Picture } from '@neurodex/datasets/picture';
import { type PictureStore, pixelsOf, type StoredPicture } from '../pictures/picture-store.ts';
import type { PictureQuery } from '../query/query.ts';

/** Pictures of each kind. */
const MIXTURES = 128;
const NOISES = 32;

/** Pictures of nothing that a catalogue could hold: two pictures of different classes over each other, and noise. */
export async function unlikePictures(store: PictureStore, random: Random): Promise<PictureQuery[]> {
  const seen = [...store.catalogue, ...store.queries('train')];
  const mixtures: PictureQuery[] = [];
  for (let tries = 0; tries < 4 * MIXTURES && mixtures.length < Math.min(MIXTURES, seen.length); tries++) {
    const [a, b] = [pick(seen, random), pick(seen, random)];
    if (a.labels.some((label) => b.labels.includes(label))) continue;
    mixtures.push(mixtureOf(store, a, b));
  }
  const count = Math.min(NOISES, seen.length);
  return [...mixtures, ...Array.from({ length: count }, () => noiseOf(store.size, random))];
}

const pick = (pictures: readonly StoredPicture[], random: Random): StoredPicture =>
  defined(pictures[random.integer(pictures.length)], 'a picture');

function mixtureOf(store: PictureStore, a: StoredPicture, b: StoredPicture): PictureQuery {
  const mean = (x: Uint8Array, y: Uint8Array): Uint8Array => x.map((value, i) => (value + (y[i] ?? NaN)) / 2);
  return {
    kind: 'picture',
    pixels: mean(pixelsOf(store, a.row), pixelsOf(store, b.row)),
    async thumbnail() {
      const [first, second] = [await store.thumbnail(a.row), await store.thumbnail(b.row)];
      // Pictures that were smaller than a thumbnail have kept their sizes.
      return first.size === second.size ? { ...first, pixels: mean(first.pixels, second.pixels) } : first;
    },
  };
}

function noiseOf(size: number, random: Random): PictureQuery {
  const pixels = Uint8Array.from({ length: 3 * size * size }, () => random.integer(256));
  const picture: Picture = { size, pixels };
  return { kind: 'picture', pixels, thumbnail: async () => picture };
}
