import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Device } from '@neurodex/autograd';
import { defined, NeurodexError, type Reporter } from '@neurodex/core';
import type { Dataset, SourcePicture } from '@neurodex/datasets';
import { type IndexArtifact, openArtifact } from '../artifact/index-artifact.ts';
import { type IndexManifest, listedIn, readIndexManifest } from '../artifact/manifest.ts';
import type { OwnEncoder } from '../build/build.ts';
import { NO_TEXT_ENCODER } from '../build/open-text-encoder.ts';
import { type Config, configSchema } from '../config.ts';
import { metadataOf } from '../pictures/metadata-table.ts';
import { pixelsOf } from '../pictures/picture-store.ts';
import { ENCODER_COLUMN } from '../systems/columns.ts';
import { createIndex } from './create-index.ts';

export interface ForgetOptions {
  readonly index: string;
  readonly device: Device;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

export interface ForgottenPictures {
  readonly index: string;
  readonly digest: string;
  /** SHA-256 over all that answers come from (`contentDigest`). */
  readonly content: string;
  readonly forgotten: readonly string[];
  readonly catalogue: number;
  readonly steps: number;
}

/**
 * Makes an index anew from the pictures that are left without some: what it has then is what it would have if it had never been
 * shown them, to the last bit on the same machine. Where the parts of pictures were drawn, they are drawn anew, as of a source
 * without them.
 * @param pictures paths as the index has them
 * @throws NeurodexError `picture-unknown`, `run-locked`, those of `createIndex`: the index is then as it was
 */
export async function forgetPictures(
  options: ForgetOptions & { readonly pictures: readonly string[] },
): Promise<ForgottenPictures> {
  const { index, pictures } = options;
  await rebuild(options, new Set(pictures), index);
  const manifest = await readIndexManifest(index);
  const artifact = await openArtifact(index);
  try {
    return {
      index,
      digest: manifest.digest,
      content: contentDigest(manifest),
      forgotten: pictures,
      catalogue: artifact.store.catalogue.length,
      steps: manifest.training?.steps ?? 0,
    };
  } finally {
    await artifact.close();
  }
}

/** Whether an index is what comes of its pictures when it is built elsewhere. */
export interface Repetition {
  /** SHA-256 over all that answers come from: of the index, and of the one that was built from its pictures. */
  readonly content: string;
  readonly repeated: string;
}

/**
 * Builds an index again from the pictures that it has, in a folder of its own, and compares.
 * @throws NeurodexError those of `createIndex`
 */
export async function repeatBuild(options: ForgetOptions): Promise<Repetition> {
  const folder = await mkdtemp(join(tmpdir(), 'neurodex-forgotten-'));
  try {
    await rebuild(options, new Set(), join(folder, 'index'));
    const [own, again] = [await readIndexManifest(options.index), await readIndexManifest(join(folder, 'index'))];
    return { content: contentDigest(own), repeated: contentDigest(again) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** SHA-256 over the digests of all files that answers come from: not of when, where and how fast they were made. */
export function contentDigest(manifest: IndexManifest): string {
  const hash = createHash('sha256');
  for (const { file, sha256 } of listedIn(manifest)) {
    if (file !== manifest.log?.file) hash.update(`${file} ${sha256}\n`);
  }
  return hash.digest('hex');
}

/** @throws NeurodexError `picture-unknown` before anything is built */
async function rebuild(
  { index, device, reporter, signal }: ForgetOptions,
  without: ReadonlySet<string>,
  out: string,
): Promise<void> {
  const artifact = await openArtifact(index);
  try {
    const paths = new Set(artifact.store.rows.map(({ path }) => path));
    const unknown = [...without].find((name) => !paths.has(name));
    if (unknown !== undefined) throw unknownPicture(index, unknown);
    const { manifest } = artifact;
    await createIndex({
      dataset: await datasetOf(artifact, without),
      out,
      config: configOf(artifact),
      ...(manifest.encoder === undefined ? {} : { ownEncoder: await ownEncoderOf(artifact, manifest.encoder) }),
      systems: manifest.systems,
      seed: manifest.seed,
      force: true,
      keepUnfinished: false,
      device,
      reporter,
      ...(signal === undefined ? {} : { signal }),
    });
  } finally {
    await artifact.close();
  }
}

const unknownPicture = (index: string, name: string): NeurodexError =>
  new NeurodexError('picture-unknown', `${index} has no picture ${name}`, {
    hint: 'name it as a search shows it; nothing was changed',
    details: { picture: name },
  });

/** The configuration of a build, its time as steps: seconds are not the same twice. */
function configOf({ manifest, folder }: IndexArtifact): Config {
  const parsed = configSchema.safeParse(manifest.config);
  if (!parsed.success) {
    throw new NeurodexError('index-older', `${folder} was built with a configuration that this version does not know`, {
      hint: 'build it again from its source, without the picture',
      details: { folder },
    });
  }
  const { training, encoder, text } = parsed.data;
  const { minutes, seeSteps } = training;
  return {
    ...parsed.data,
    training: { ...training, minutes: 0, seeSteps: minutes > 0 ? (manifest.training?.steps ?? seeSteps) : seeSteps },
    encoder: { ...encoder, file: manifest.encoder === undefined ? '' : join(folder, manifest.encoder.file) },
    text: { ...text, encoder: manifest.text?.encoder === undefined ? NO_TEXT_ENCODER : folder },
  };
}

/** The encoder of an index, with what it made of pictures where the thumbnails cannot tell. */
async function ownEncoderOf(
  { store }: IndexArtifact,
  facts: NonNullable<IndexManifest['encoder']>,
): Promise<OwnEncoder> {
  if (facts.preprocessing === undefined) return { facts, known: () => undefined };
  const rows = new Map(store.rows.map(({ path, row }) => [path, row]));
  const { embeddings } = store;
  if (embeddings !== undefined) {
    const known = (path: string): Float32Array | undefined => {
      const row = rows.get(path);
      return row === undefined ? undefined : embeddings.readAll(row);
    };
    return { facts, known };
  }
  const vectors = await store.vectors(ENCODER_COLUMN);
  const places = new Map(store.catalogue.map(({ path }, i) => [path, i * facts.channels]));
  const known = (path: string): Float32Array | undefined => {
    const at = places.get(path);
    return at === undefined ? undefined : vectors?.values.subarray(at, at + facts.channels);
  };
  return { facts, known };
}

/** The pictures of an index as a data set: what was decoded, and what was said of them. */
async function datasetOf({ store, manifest }: IndexArtifact, without: ReadonlySet<string>): Promise<Dataset> {
  const metadata = await store.metadata();
  const digests = await store.digests();
  const kept = store.rows.filter(({ path }) => !without.has(path));
  const versions = kept.map(({ path, row }) => ({
    name: path,
    version: defined(digests[row], 'the digest of a picture'),
  }));
  const { givenRoles } = store.manifest;
  return {
    name: manifest.dataset.name,
    source: manifest.dataset.source,
    pictures: kept.map(
      ({ row, path, labels, captions, objects, role }): SourcePicture => ({
        path,
        labels,
        ...(captions === undefined ? {} : { captions }),
        ...(objects === undefined ? {} : { objects }),
        ...(givenRoles ? { role } : {}),
        metadata: metadata === undefined ? {} : metadataOf(metadata, row),
        read: () => store.png(row),
        decoded: async (size) =>
          size === store.size
            ? {
                picture: { size, pixels: pixelsOf(store, row).slice() },
                thumbnail: await store.png(row),
                sha256: defined(digests[row], 'the digest of a picture'),
              }
            : undefined,
      }),
    ),
    notices: store.notices,
    skipped: store.skipped,
    ownSize: store.size,
    inputs: async () => versions,
  };
}
