import { createHash } from 'node:crypto';
import type { Runtime } from '@neurodex/autograd';
import { defined, isRecord, type Reporter } from '@neurodex/core';
import type { SourcePicture } from '@neurodex/datasets';
import { readPicture } from '@neurodex/datasets/image';
import type { IndexArtifact } from '../artifact/index-artifact.ts';
import type { RecordedConfig } from '../artifact/manifest.ts';
import { METADATA_USES, type MetadataUse } from '../config.ts';
import type { DsiModel } from '../dsi/model/model-file.ts';
import { StateEncoder } from '../dsi/search/state-encoder.ts';
import type { QueryEncoder } from '../models/encoder/query-encoder.ts';
import { type DescribedSource, describeSource } from '../pictures/describe-source.ts';
import { encoderPixels } from '../pictures/encoder-pixels.ts';
import { decodeThumbnail } from '../pictures/thumbnail.ts';
import { modelInput, pictureInput } from '../query/model-inputs.ts';
import type { Preprocessing } from '../query/preprocessing.ts';
import type { PictureQuery } from '../query/query.ts';
import type { VectorMaker } from '../systems/declaration.ts';
import { openQueryEncoder } from '../systems/open-encoder.ts';
import { SYSTEMS } from '../systems/systems.ts';
import { PictureEmbedder } from './picture-embedder.ts';

/** A picture that was decoded. */
export interface ReadPicture {
  readonly source: SourcePicture;
  /** uint8 [size, size, 3] */
  readonly pixels: Uint8Array;
  /** PNG */
  readonly thumbnail: Uint8Array;
  /** Of its file, hexadecimal. */
  readonly sha256: string;
  /** What it says of itself. */
  readonly described: DescribedSource;
  /** As the encoder takes it, where it came with preprocessing. */
  readonly encoderPixels: Uint8Array | undefined;
}

/** What the systems of an index keep of a picture. */
export interface DescribedPicture extends ReadPicture {
  /** Unit vector [D]; of an index with a network. */
  readonly state: Float32Array | undefined;
  /** What the encoder in front of the network makes of it and of views of it, float32 [1 + views, P, C]; where there is one. */
  readonly embeddings: Float32Array | undefined;
  /** By column. */
  readonly vectors: Readonly<Record<string, Float32Array>>;
}

/** Of decoding one picture. */
export interface ReadLimits {
  readonly maxPixels?: number;
  readonly seconds?: number;
}

/** Pictures that are encoded together. */
export const MANY = 64;

/** Makes of pictures what an index keeps of them, as its build did: pixels, thumbnails, states and the vectors of its systems. */
export class PictureDescriber {
  private readonly sizes: {
    readonly size: number;
    readonly thumbnail: number;
    readonly maxPixels: number;
    readonly seconds?: number;
  };
  private readonly use: MetadataUse;
  private readonly runtime: Runtime;
  private readonly model: DsiModel | undefined;
  private readonly makers: readonly (readonly [column: string, maker: VectorMaker])[];
  private readonly backbone: QueryEncoder | undefined;
  private readonly embedder: PictureEmbedder | undefined;
  /** Of the encoder, where one of the systems uses it. */
  private get preprocessing(): Preprocessing | undefined {
    return this.backbone?.encoder.facts.preprocessing;
  }

  private readonly encoders = new Map<number, Promise<StateEncoder>>();

  private constructor(
    sizes: PictureDescriber['sizes'],
    use: MetadataUse,
    runtime: Runtime,
    model: DsiModel | undefined,
    makers: PictureDescriber['makers'],
    backbone: QueryEncoder | undefined,
    embedder: PictureEmbedder | undefined,
  ) {
    this.embedder = embedder;
    this.sizes = sizes;
    this.use = use;
    this.runtime = runtime;
    this.model = model;
    this.makers = makers;
    this.backbone = backbone;
  }

  /** Reads all it needs of an index, which may then be closed. @throws NeurodexError `index-damaged` */
  static async open(
    artifact: IndexArtifact,
    runtime: Runtime,
    reporter: Reporter,
    limits: ReadLimits = {},
  ): Promise<PictureDescriber> {
    const { manifest, store, files } = artifact;
    const { maxPixels, thumbnail } = manifest.config.pictures as RecordedConfig['pictures'];
    let opened: Promise<QueryEncoder> | undefined;
    const queryEncoder = (): Promise<QueryEncoder> => {
      opened ??= openQueryEncoder(files, manifest, store, runtime);
      return opened;
    };
    const makers: [string, VectorMaker][] = [];
    for (const name of manifest.systems) {
      const { column } = SYSTEMS[name];
      if (column === undefined) continue;
      makers.push([column.name, await column.maker({ artifact, runtime, reporter, queryEncoder })]);
    }
    const model = manifest.model === undefined ? undefined : (await artifact.network()).model;
    if (model !== undefined && modelInput(model.geometry).needsBackbone) await queryEncoder();
    const backbone = await opened;
    const embedder = backbone === undefined ? undefined : PictureEmbedder.of(artifact, backbone);
    const sizes = {
      ...limits,
      size: store.size,
      thumbnail,
      maxPixels: Math.min(maxPixels, limits.maxPixels ?? maxPixels),
    };
    return new PictureDescriber(sizes, metadataUse(manifest), runtime, model, makers, backbone, embedder);
  }

  /** @throws NeurodexError `picture-*` */
  async read(source: SourcePicture): Promise<ReadPicture> {
    const bytes = await source.read();
    const { picture, thumbnail } = await readPicture(bytes, { ...this.sizes, name: source.path });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const { preprocessing } = this;
    const own =
      preprocessing === undefined
        ? undefined
        : await encoderPixels(bytes, preprocessing, { ...this.sizes, name: source.path });
    const described = await describeSource(source, bytes, this.use);
    return { source, described, pixels: picture.pixels, thumbnail, sha256, encoderPixels: own };
  }

  /** @param pictures at most `MANY` */
  async describe(pictures: readonly ReadPicture[]): Promise<DescribedPicture[]> {
    const plain = pictures.map(
      ({ source, pixels, thumbnail, encoderPixels: own }): PictureQuery => ({
        kind: 'picture',
        pixels,
        thumbnail: () => decodeThumbnail(thumbnail, source.path),
        ...(own === undefined ? {} : { encoderPixels: async () => own }),
      }),
    );
    const embedder = this.embedder;
    const embeddings = await embedder?.embed(
      plain,
      pictures.map(({ source }) => source.path),
    );
    // What is embedded once is not embedded again for the network, or for the system `encoder`.
    const queries = embedder === undefined ? plain : plain.map((query, i) => embedder.embedded(query, embeddings?.[i]));
    const states = await this.states(queries);
    const columns = new Map<string, Float32Array[]>();
    for (const [name, maker] of this.makers) columns.set(name, await maker.of(queries));
    return pictures.map((picture, i) => ({
      ...picture,
      state: states?.[i],
      embeddings: embeddings?.[i],
      vectors: Object.fromEntries([...columns].map(([name, made]) => [name, defined(made[i], 'a vector')])),
    }));
  }

  async close(): Promise<void> {
    for (const encoder of this.encoders.values()) await (await encoder).release();
    for (const [, maker] of this.makers) await maker.close();
    await this.backbone?.encoder.release();
  }

  private async states(queries: readonly PictureQuery[]): Promise<Float32Array[] | undefined> {
    const { model, backbone } = this;
    if (model === undefined) return undefined;
    const { geometry } = model;
    const batch = queries.length === 1 ? 1 : MANY;
    const encoder = await this.encoder(batch, model);
    const encoded = await encoder.encode(await pictureInput(geometry).feed(queries, batch, geometry, backbone));
    return queries.map((_, i) => encoded.slice(i * geometry.width, (i + 1) * geometry.width));
  }

  private encoder(batch: number, { geometry, parameters }: DsiModel): Promise<StateEncoder> {
    const known = this.encoders.get(batch) ?? StateEncoder.create(this.runtime, geometry, batch, parameters);
    this.encoders.set(batch, known);
    return known;
  }
}

/** As the index was built; one that is older than metadata takes it as a new one does. */
function metadataUse({ config }: IndexArtifact['manifest']): MetadataUse {
  const { dataset }: Readonly<Record<string, unknown>> = config;
  const use: unknown = isRecord(dataset) ? dataset.metadata : undefined;
  return METADATA_USES.find((each) => each === use) ?? 'columns';
}
