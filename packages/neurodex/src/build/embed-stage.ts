import { join } from 'node:path';
import { defined } from '@neurodex/core';
import { type ChunkedDigest, HashedFile, writeFileAtomically } from '@neurodex/core/storage';
import type { CatalogueManifest } from '../artifact/catalogue-manifest.ts';
import { ENCODER_FILE, type IndexManifest } from '../artifact/manifest.ts';
import type { EmbeddingFacts } from '../pictures/embeddings.ts';
import { type Build, type BuildRequest, isWanted } from './build.ts';
import { EMBEDDINGS_FILE, embeddingsFile, SPLIT_PIXELS } from './build-options.ts';
import { type DecodedPictures, openDraft } from './draft.ts';
import { embedAll, embedCatalogue } from './embed-pictures.ts';
import { originals } from './originals.ts';
import { SPLIT_FILES } from './picture-lists.ts';
import type { Stage } from './stage.ts';
import { WORK_FOLDER } from './stage-record.ts';
import { type VectorFacts, writeVectors } from './vectors-file.ts';

/** The file of embeddings. */
export type StoredEmbeddings = NonNullable<CatalogueManifest['embeddings']> & { readonly digest: ChunkedDigest };

/** What the encoder made of the pictures. */
export interface EmbeddedCatalogue {
  readonly encoder: NonNullable<IndexManifest['encoder']>;
  /** The file of embeddings that the network reads, where it reads them. */
  readonly embeddings: StoredEmbeddings | null;
  /** Of the pooled vectors. */
  readonly pooled: VectorFacts;
}

/** The pooled vectors, for the stages that follow. */
export const POOLED_FILE = 'encoder.f32';

/** Whether the network reads the encoder's embeddings in place of pixels. */
export const readsEmbeddings = (request: BuildRequest): boolean =>
  request.config.encoder.file !== '' && request.config.encoder.frozenBackbone && isWanted(request, 'dsi');

export const embedStage: Stage<EmbeddedCatalogue> = {
  name: 'embed',
  summary: 'what the encoder makes of the pictures',
  reads: [...SPLIT_FILES, `${WORK_FOLDER}/thumbnails.spool`, `${WORK_FOLDER}/${SPLIT_PIXELS}`],
  writes: [`${WORK_FOLDER}/${EMBEDDINGS_FILE}`, `${WORK_FOLDER}/${POOLED_FILE}`, ENCODER_FILE],
  isPart: ({ config }) => config.encoder.file !== '',
  async run(build) {
    const { config, seed, reporter, signal } = build;
    const chosen = defined(await build.encoder(), 'the encoder');
    const draft = await draftOf(build);
    const original = chosen.encoder.facts.preprocessing === undefined ? undefined : originals(build, draft);
    const options = {
      chosen,
      config,
      seed,
      reporter,
      original,
      known: build.ownEncoder?.known,
      ...(signal === undefined ? {} : { signal }),
    };
    try {
      let pooled: VectorFacts | undefined;
      let embeddings: EmbeddedCatalogue['embeddings'] = null;
      if (readsEmbeddings(build)) {
        embeddings = await writeEmbeddings(build, draft, async (decoded, file) => {
          const made = await embedAll(decoded, file, options);
          pooled = await writeVectors(build, POOLED_FILE, made.pooled);
          return made.facts;
        });
      } else {
        pooled = await writeVectors(build, POOLED_FILE, await embedCatalogue(draft, options));
      }
      await writeFileAtomically(join(build.folder, ENCODER_FILE), chosen.onnx);
      const { mean, std, preprocessing, ...facts } = chosen.encoder.facts;
      const more = {
        ...(preprocessing && { preprocessing }),
        ...(chosen.published && { published: chosen.published }),
      };
      const listed = { file: ENCODER_FILE, bytes: chosen.onnx.length, sha256: chosen.sha256 } as const;
      return {
        encoder: { ...listed, ...facts, mean: [...mean], std: [...std], ...more },
        embeddings,
        pooled: defined(pooled, 'the pooled vectors'),
      };
    } finally {
      await draft.close();
    }
  },
};

/** The pictures of a build between the stages split and identify. */
export async function draftOf(build: Build) {
  const split = defined(await build.facts('split'), 'the split');
  return await openDraft(split, build, build.config.pictures.size);
}

/** Writes the file of embeddings. */
async function writeEmbeddings(
  build: Build,
  draft: DecodedPictures,
  embed: (decoded: DecodedPictures, file: HashedFile) => Promise<EmbeddingFacts>,
): Promise<StoredEmbeddings> {
  const file = await HashedFile.create(embeddingsFile(build));
  try {
    const facts = await embed(draft, file);
    return { ...facts, digest: await file.finish() };
  } finally {
    await file.close();
  }
}
