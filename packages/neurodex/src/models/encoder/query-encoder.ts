import { defined } from '@neurodex/core';
import type { FrozenBackbone } from '../../query/model-input.ts';
import type { PictureQuery } from '../../query/query.ts';
import type { Encoder } from './encoder.ts';
import { encoderPicture } from './encoder-picture.ts';
import { pooled, unitVector } from './pooled.ts';

/** The encoder of an index, for its queries: in front of the network, and of the system `encoder`. */
export class QueryEncoder implements FrozenBackbone {
  readonly encoder: Encoder;
  readonly sha256: string;
  /** Edge of `PictureQuery.pixels`. */
  private readonly size: number;

  /** Means of the tokens of the pictures that were asked, for as long as somebody has these. */
  private readonly known = new WeakMap<PictureQuery, Float32Array>();

  /** @param sha256 of the encoder: embeddings that are stored under it are taken as they are */
  constructor(encoder: Encoder, sha256: string, size: number) {
    this.encoder = encoder;
    this.sha256 = sha256;
    this.size = size;
  }

  /** @returns float32 [n, P, C] @throws NeurodexError `encoder-unusable` */
  async embed(queries: readonly PictureQuery[]): Promise<Float32Array> {
    const { length } = this.encoder;
    const ready: [place: number, embedding: Float32Array][] = [];
    const places: number[] = [];
    const pictures: Uint8Array[] = [];
    for (const [i, query] of queries.entries()) {
      const { embedding } = query;
      if (embedding?.producer === this.sha256) {
        ready.push([i, embedding.read()]);
      } else {
        places.push(i);
        pictures.push(await this.pictureOf(query));
      }
    }
    // The encoder first: it says whether its embeddings are of the length that is listed.
    const embedded = await this.encoder.embed(pictures);
    const out = new Float32Array(queries.length * length);
    for (const [place, values] of ready) out.set(values, place * length);
    for (const [i, place] of places.entries()) {
      out.set(embedded.subarray(i * length, (i + 1) * length), place * length);
    }
    for (const [i, query] of queries.entries())
      this.known.set(query, pooled(out.subarray(i * length, (i + 1) * length), this.encoder.facts));
    return out;
  }

  /** The mean token of each picture, float32 [C], of length 1 unless it is 0: made when it was embedded, or now. */
  async pooled(queries: readonly PictureQuery[]): Promise<Float32Array[]> {
    // One by one: patch tokens of many pictures are large.
    for (const query of queries) if (!this.known.has(query)) await this.embed([query]);
    return queries.map((query) => unitVector(defined(this.known.get(query), 'the embedding of a picture')));
  }

  /**
   * As the encoder takes it: by its preprocessing, where it came with one. Of a picture of the index, which has stored no more than
   * its thumbnail, that is an approximation.
   */
  async pictureOf(query: PictureQuery): Promise<Uint8Array> {
    return await encoderPicture(this.encoder.facts, this.size, query);
  }
}
