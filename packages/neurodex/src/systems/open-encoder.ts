import { join } from 'node:path';
import type { Runtime } from '@neurodex/autograd';
import { damaged } from '@neurodex/core/storage';
import { CATALOGUE_FOLDER, type IndexManifest } from '../artifact/manifest.ts';
import { Encoder } from '../models/encoder/encoder.ts';
import { pooled } from '../models/encoder/pooled.ts';
import { QueryEncoder } from '../models/encoder/query-encoder.ts';
import type { PictureStore } from '../pictures/picture-store.ts';
import { ENCODER_COLUMN } from './columns.ts';
import type { SystemContext, VectorMaker } from './declaration.ts';
import { EncoderSystem } from './encoder-system.ts';

/** Where the file of an encoder is read from (`IndexFiles`). */
export interface EncoderFiles {
  readonly folder: string;
  read(listed: NonNullable<IndexManifest['encoder']>): Promise<Uint8Array>;
}

/**
 * The encoder of an index, for its queries.
 * @param files whose file it is; of an index in the making, its folder
 * @throws NeurodexError `index-damaged`, also when the catalogue was embedded by another one; `encoder-unusable`
 */
export async function openQueryEncoder(
  files: EncoderFiles,
  { encoder }: Pick<IndexManifest, 'encoder'>,
  { size, embeddings }: Pick<PictureStore, 'size' | 'embeddings'>,
  runtime: Runtime,
): Promise<QueryEncoder> {
  if (encoder === undefined) throw damaged(files.folder, 'does not list the encoder that its systems need');
  const file = join(files.folder, encoder.file);
  const onnx = await files.read(encoder);
  if (embeddings !== undefined) {
    if (embeddings.encoder !== encoder.sha256) throw other(file);
    if (embeddings.tokens !== encoder.tokens || embeddings.channels !== encoder.channels)
      throw otherShape(files.folder);
  }
  return new QueryEncoder(await Encoder.restore(runtime, onnx, encoder, file), encoder.sha256, size);
}

/** Pools what the encoder of an index makes of pictures. */
export async function embeddingMaker({ queryEncoder }: SystemContext): Promise<VectorMaker> {
  const queries = await queryEncoder();
  const { facts } = queries.encoder;
  return {
    async of(pictures) {
      const vectors: Float32Array[] = [];
      for (const picture of pictures) vectors.push(pooled(await queries.embed([picture]), facts));
      return vectors;
    },
    // The encoder is the index's, which closes it.
    close: async () => {},
  };
}

/** @throws NeurodexError `index-damaged` */
export async function openEncoder({
  artifact: { folder, store, manifest },
  queryEncoder,
}: SystemContext): Promise<EncoderSystem> {
  const queries = await queryEncoder();
  const stored = await store.vectors(ENCODER_COLUMN);
  const pictures = store.catalogue;
  if (stored === undefined || stored.values.length !== pictures.length * queries.encoder.facts.channels) {
    throw damaged(join(folder, CATALOGUE_FOLDER), 'does not have one embedding for each catalogue picture');
  }
  if (stored.producer !== manifest.encoder?.sha256) throw other(join(folder, CATALOGUE_FOLDER));
  return new EncoderSystem({ pictures, vectors: stored.values, queries });
}

const otherShape = (folder: string) =>
  damaged(
    join(folder, CATALOGUE_FOLDER),
    'does not have embeddings of as many tokens and channels as the index lists for its encoder',
  );

const other = (file: string) =>
  damaged(file, 'is of another run: the catalogue was embedded by another encoder than the one beside it');
