import { damaged } from '@neurodex/core/storage';
import type { IndexArtifact } from '../artifact/index-artifact.ts';
import { viewsOf } from '../build/embed-pictures.ts';
import { type Config, configSchema } from '../config.ts';
import type { QueryEncoder } from '../models/encoder/query-encoder.ts';
import type { PictureQuery } from '../query/query.ts';

/** Embeds pictures for an index whose network stands behind an encoder: as its build did, with as many views. */
export class PictureEmbedder {
  private readonly encoder: QueryEncoder;
  private readonly views: number;
  private readonly augmentation: Config['augmentation'];
  private readonly seed: number;

  private constructor(
    encoder: QueryEncoder,
    views: number,
    augmentation: Config['augmentation'],
    artifact: IndexArtifact,
  ) {
    this.encoder = encoder;
    this.views = views;
    this.augmentation = augmentation;
    this.seed = artifact.manifest.seed;
  }

  /** Undefined where the catalogue has no embeddings. @throws NeurodexError `index-damaged` */
  static of(artifact: IndexArtifact, encoder: QueryEncoder): PictureEmbedder | undefined {
    const { embeddings } = artifact.store.manifest;
    if (embeddings === undefined) return undefined;
    const { config } = artifact.manifest as { readonly config: { readonly augmentation?: unknown } };
    const parsed = configSchema.shape.augmentation.safeParse(config.augmentation);
    if (!parsed.success) throw damaged(artifact.folder, 'does not say how views of its pictures are drawn');
    return new PictureEmbedder(encoder, embeddings.views, parsed.data, artifact);
  }

  /** @returns float32 [1 + views, P, C] of each */
  async embed(queries: readonly PictureQuery[], paths: readonly string[]): Promise<Float32Array[]> {
    const { encoder } = this.encoder;
    const { size } = encoder.facts;
    const embedded: Float32Array[] = [];
    for (const [i, query] of queries.entries()) {
      const clean = await this.encoder.pictureOf(query);
      const { views, augmentation, seed } = this;
      const shown = [clean, ...viewsOf(clean, size, { path: paths[i] ?? '', views, augmentation, seed })];
      embedded.push((await encoder.embed(shown)).slice(0, shown.length * encoder.length));
    }
    return embedded;
  }

  /** A query with its embedding. */
  embedded(query: PictureQuery, embeddings: Float32Array | undefined): PictureQuery {
    if (embeddings === undefined) return query;
    const clean = embeddings.subarray(0, this.encoder.encoder.length);
    return { ...query, embedding: { producer: this.encoder.sha256, read: () => clean } };
  }
}
