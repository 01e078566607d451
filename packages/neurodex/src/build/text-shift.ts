import { defined } from '@neurodex/core';
import type { StoredPictures } from '../artifact/catalogue-store.ts';
import { unusable } from '../models/encoder/unusable.ts';
import { meanDirection } from '../models/text-encoder/aligned.ts';
import type { ChosenEncoder } from './open-encoder.ts';
import type { ChosenTextEncoder } from './open-text-encoder.ts';

/** Pictures whose mean is taken, evenly over the catalogue. */
const MOST_PICTURES = 4096;
/** Texts that say where texts lie: fewer lie somewhere of their own. */
const ENOUGH_TEXTS = 64;

/** Things that are photographed, of which descriptions stand for texts where pictures came with few. */
const THINGS =
  'person child dog cat bird horse cow fish insect flower tree forest mountain beach river sea sky street house building room ' +
  'kitchen bed chair table car bus train bicycle boat aeroplane road bridge garden field snow fire food fruit bread cake cup ' +
  'bottle book computer telephone clock toy ball game shirt shoe hat bag tool machine sign map drawing painting statue crowd night';
const DESCRIPTIONS = THINGS.split(' ').map((thing) => `a photo of a ${thing}`);

/**
 * What is added to unit vectors of texts, so that they lie around the mean of the pictures'.
 * @param vectors of the catalogue's texts, float32 [n, C]
 * @returns [C]
 */
export async function shiftToPictures(
  { encoder }: ChosenTextEncoder,
  store: StoredPictures,
  vectors: Float32Array,
): Promise<readonly number[]> {
  const { channels } = encoder.facts;
  const enough = vectors.length >= ENOUGH_TEXTS * channels;
  const texts = meanDirection(enough ? vectors : await encoder.embed(DESCRIPTIONS), channels);
  const pictures = meanDirection(picturesOf(store, channels), channels);
  return pictures.map((value, c) => value - (texts[c] ?? NaN));
}

/**
 * Vectors of texts that come with an image encoder can be shifted to its pictures where both have as many numbers.
 * @throws NeurodexError `encoder-unusable`
 */
export function refuseOtherSpace(pictures: ChosenEncoder | undefined, texts: ChosenTextEncoder | undefined): void {
  if (pictures === undefined || texts?.isAligned !== true) return;
  const { tokens, channels } = pictures.encoder.facts;
  const { channels: ofText } = texts.encoder.facts;
  if (tokens === 1 && channels === ofText) return;
  const given = tokens === 1 ? `${channels} numbers` : `${tokens} × ${channels} numbers`;
  throw unusable('of images', `gives ${given} of a picture, and the text encoder ${ofText} of a text`, {
    hint: 'name the output that texts are compared with as encoder.output (image_embeds), or set text.encoder to none',
  });
}

/** What the image encoder makes of pictures of the catalogue, float32 [n, C]. */
function picturesOf({ catalogue, embeddings }: StoredPictures, channels: number): Float32Array {
  const found = defined(embeddings, 'the embeddings of an image encoder');
  const step = Math.max(1, Math.floor(catalogue.length / MOST_PICTURES));
  const chosen = catalogue.filter((_, i) => i % step === 0);
  const out = new Float32Array(chosen.length * channels);
  for (const [i, { row }] of chosen.entries()) out.set(found.read(row), i * channels);
  return out;
}
