import { Random } from '@neurodex/autograd';
import type { Reporter } from '@neurodex/core';
import type { HashedFile } from '@neurodex/core/storage';
import { inOrder, throwIfInterrupted } from '@neurodex/core/storage';
import type { Config } from '../config.ts';
import type { EncoderFacts } from '../models/encoder/encoder.ts';
import { encoderPicture } from '../models/encoder/encoder-picture.ts';
import { pooled } from '../models/encoder/pooled.ts';
import type { EmbeddingFacts } from '../pictures/embeddings.ts';
import { encoderPixels } from '../pictures/encoder-pixels.ts';
import type { StoredPicture } from '../pictures/picture-store.ts';
import { decodeThumbnail } from '../pictures/thumbnail.ts';
import { drawView, renderView } from '../query/augment.ts';
import type { CatalogueVectors, DecodedPictures } from './draft.ts';
import type { ChosenEncoder } from './open-encoder.ts';

export interface EmbedOptions {
  readonly chosen: ChosenEncoder;
  readonly config: Config;
  readonly seed: number;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
  /** Reads a picture's file again, for an encoder that came with preprocessing. */
  readonly original?: ((picture: StoredPicture) => Promise<Uint8Array>) | undefined;
  /** What is known of a picture from an earlier build (`OwnEncoder`). */
  readonly known?: ((path: string) => Float32Array | undefined) | undefined;
}

/** Pictures that are read at a time while others are encoded. */
const READ_AHEAD = 8;

/**
 * Writes what the encoder makes of every picture, and of augmented views of it, row by row: float32 [rows, 1 + views, P, C].
 * @returns what the file holds, and one vector per catalogue picture, the mean over its tokens
 * @throws NeurodexError `encoder-unusable`, `interrupted`, `disk-full`
 */
export async function embedAll(
  decoded: DecodedPictures,
  file: HashedFile,
  options: EmbedOptions,
): Promise<{ readonly facts: EmbeddingFacts; readonly pooled: CatalogueVectors }> {
  const { chosen, config } = options;
  const { tokens, channels } = chosen.encoder.facts;
  const { views } = config.encoder;
  const means = new PooledVectors(decoded, chosen);
  await embedEach(decoded, decoded.rows, views, options, async (embedding, picture, view) => {
    await file.append(new Uint8Array(embedding.buffer, embedding.byteOffset, embedding.byteLength));
    if (view === 0 && picture.role === 'catalogue') means.add(embedding);
  });
  return { facts: { tokens, channels, views, encoder: chosen.sha256 }, pooled: means.vectors };
}

/** One vector per catalogue picture: the mean over its tokens. @throws NeurodexError `encoder-unusable`, `interrupted` */
export async function embedCatalogue(decoded: DecodedPictures, options: EmbedOptions): Promise<CatalogueVectors> {
  const means = new PooledVectors(decoded, options.chosen);
  await embedEach(decoded, decoded.catalogue, 0, options, async (embedding) => means.add(embedding));
  return means.vectors;
}

class PooledVectors {
  readonly vectors: CatalogueVectors;
  private readonly facts: EncoderFacts;
  private position = 0;

  constructor({ catalogue: pictures }: DecodedPictures, { encoder: { facts }, sha256 }: ChosenEncoder) {
    const { channels: length } = facts;
    this.facts = facts;
    this.vectors = { values: new Float32Array(pictures.length * length), length, producer: sha256 };
  }

  /** That of the next catalogue picture. @param embedding float32 [P, C], or [C] where it is pooled already */
  add(embedding: Float32Array): void {
    const { length } = this.vectors;
    const vector = embedding.length === length ? embedding : pooled(embedding, this.facts);
    this.vectors.values.set(vector, this.position++ * length);
  }
}

/** A picture, or a view of it: as the encoder takes it, or what is known of it. */
interface Entry {
  readonly picture: StoredPicture;
  readonly view: number;
  readonly form: Uint8Array | undefined;
  readonly embedding: Float32Array | undefined;
}

/** Encodes pictures and their views in batches. @param take is given one embedding, float32 [P, C], after another */
async function embedEach(
  decoded: DecodedPictures,
  pictures: readonly StoredPicture[],
  views: number,
  options: EmbedOptions,
  take: (embedding: Float32Array, picture: StoredPicture, view: number) => Promise<void>,
): Promise<void> {
  const { reporter, signal } = options;
  const { encoder } = options.chosen;
  let waiting: Entry[] = [];
  let forms = 0;
  let done = 0;
  const encode = async (): Promise<void> => {
    const embedded = await encoder.embed(waiting.flatMap(({ form }) => form ?? []));
    let at = 0;
    for (const { picture, view, embedding } of waiting) {
      const next = () => embedded.subarray(at * encoder.length, ++at * encoder.length);
      await take(embedding ?? next(), picture, view);
    }
    [waiting, forms] = [[], 0];
  };
  const read = inOrder(pictures, READ_AHEAD, (picture) => entriesOf(decoded, picture, views, options));
  for await (const entries of read) {
    throwIfInterrupted(signal);
    for (const entry of entries) {
      waiting.push(entry);
      if (entry.form !== undefined) forms++;
      if (forms === encoder.batch) await encode();
    }
    reporter.progress({ phase: 'embed', done: ++done, total: pictures.length, unit: 'pictures' });
  }
  if (waiting.length > 0) await encode();
}

async function entriesOf(
  decoded: DecodedPictures,
  picture: StoredPicture,
  views: number,
  options: EmbedOptions,
): Promise<Entry[]> {
  const known = options.known?.(picture.path);
  const { length, facts } = options.chosen.encoder;
  if (
    known !== undefined &&
    (known.length === (1 + views) * length || (views === 0 && known.length === facts.channels))
  ) {
    return Array.from({ length: 1 + views }, (_, view) => {
      const embedding = views === 0 ? known : known.subarray(view * length, (view + 1) * length);
      return { picture, view, form: undefined, embedding };
    });
  }
  const forms = await shown(decoded, picture, views, options);
  return forms.map((form, view) => ({ picture, view, form, embedding: undefined }));
}

/** A picture as the encoder takes it, uint8 [size, size, 3], and views of it as the retrieval task would show them. */
async function shown(
  decoded: DecodedPictures,
  picture: StoredPicture,
  views: number,
  { chosen, config, seed, original }: EmbedOptions,
): Promise<Uint8Array[]> {
  const { size, preprocessing } = chosen.encoder.facts;
  const { size: own, maxPixels } = config.pictures;
  const clean =
    preprocessing !== undefined && original !== undefined
      ? await encoderPixels(await original(picture), preprocessing, { name: picture.path, maxPixels })
      : await encoderPicture(chosen.encoder.facts, own, {
          kind: 'picture',
          pixels: size === own ? await decoded.pixels(picture) : new Uint8Array(),
          thumbnail: async () => decodeThumbnail(await decoded.thumbnail(picture), picture.path),
        });
  return [clean, ...viewsOf(clean, size, { path: picture.path, views, augmentation: config.augmentation, seed })];
}

/** Views of a picture as the retrieval task would show them; a path always has the same ones. @param clean uint8 [size, size, 3] */
export function viewsOf(
  clean: Uint8Array,
  size: number,
  {
    path,
    views,
    augmentation,
    seed,
  }: Pick<Config, 'augmentation'> & { readonly path: string; readonly views: number; readonly seed: number },
): Uint8Array[] {
  const { retrieval: strength, ...ranges } = augmentation;
  const random = Random.stream(seed, `views ${path}`);
  return Array.from({ length: views }, () => {
    const view = new Uint8Array(clean.length);
    renderView(clean, view, size, drawView(size, { ...ranges, strength }, random));
    return view;
  });
}
