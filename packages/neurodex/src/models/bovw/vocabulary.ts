import { createHash } from 'node:crypto';
import { type Random, type Runtime, readSafetensors, writeSafetensors } from '@neurodex/autograd';
import { NeurodexError } from '@neurodex/core';
import { type Clustering, type KMeansOptions, kMeans } from '../../clustering/kmeans.ts';
import { miniBatchKMeans } from '../../clustering/minibatch.ts';
import type { DescriptorFile } from './descriptor-file.ts';
import { DESCRIPTOR_LENGTH } from './parameters.ts';
import { rootSift } from './sift.ts';

/** Visual words: the centroids to which descriptors are given (Sivic & Zisserman 2003). */
export interface Vocabulary {
  /** float32 [k, 128] */
  readonly words: Float32Array;
  /** k */
  readonly size: number;
  /** Whether the words are of RootSIFT descriptors. */
  readonly rootSift: boolean;
}

/** What k-means clusters: descriptors as they are, or as RootSIFT. @param descriptors uint8 [n, 128] @returns float32 [n, 128] */
export const pointsOf = (descriptors: Uint8Array, root: boolean): Float32Array =>
  root ? rootSift(descriptors) : Float32Array.from(descriptors);

export interface VocabularyOptions {
  readonly runtime: Runtime;
  /** k */
  readonly words: number;
  readonly rootSift: boolean;
  readonly restarts: number;
  /** Descriptors that k-means may hold at a time; of more, mini-batches are drawn. */
  readonly inMemory: number;
  readonly random: Random;
  readonly onIteration?: NonNullable<KMeansOptions['onIteration']>;
}

/** The clustering of all descriptors; `words` must not be more than there are. */
export async function buildVocabulary(
  descriptors: DescriptorFile,
  { words, rootSift: root, inMemory, ...options }: VocabularyOptions,
): Promise<{ readonly vocabulary: Vocabulary; readonly clustering: Clustering }> {
  const read = async (start: number, end: number) => pointsOf(await descriptors.read(start, end), root);
  const settings = { ...options, dimensions: DESCRIPTOR_LENGTH, clusters: words };
  const { count } = descriptors;
  const clustering =
    count <= inMemory
      ? await kMeans(await read(0, count), settings)
      : await miniBatchKMeans({ count, read }, { ...settings, inMemory });
  return { vocabulary: { words: clustering.centroids, size: words, rootSift: root }, clustering };
}

/** As a safetensors file. */
export const serialiseVocabulary = ({ words, size, rootSift: root }: Vocabulary): Uint8Array =>
  writeSafetensors(
    { words: { shape: [size, DESCRIPTOR_LENGTH], data: words } },
    { format: 'pt', model: 'bovw', rootSift: String(root) },
  );

/** What tells one vocabulary from another: histograms over one mean nothing over another. @returns SHA-256, hexadecimal */
export const fingerprint = (serialised: Uint8Array): string => createHash('sha256').update(serialised).digest('hex');

/** @throws NeurodexError `index-damaged` naming the file */
export function deserialiseVocabulary(bytes: Uint8Array, file: string): Vocabulary {
  const damaged = (problem: string, cause?: unknown) =>
    new NeurodexError('index-damaged', `${file} is damaged: ${problem}`, {
      hint: 'rebuild the index',
      details: { file },
      cause,
    });
  let read: ReturnType<typeof readSafetensors>;
  try {
    read = readSafetensors(bytes);
  } catch (error) {
    throw damaged(error instanceof RangeError ? error.message : 'it holds no vocabulary', error);
  }
  const tensor = read.tensors.words;
  const root = read.metadata.rootSift;
  const [size = 0, length = 0] = tensor?.shape ?? [];
  if (tensor === undefined || size < 1 || length !== DESCRIPTOR_LENGTH || (root !== 'true' && root !== 'false')) {
    throw damaged('it holds no vocabulary');
  }
  if (!tensor.data.every(Number.isFinite)) throw damaged('it holds numbers that are not finite');
  return { words: tensor.data, size, rootSift: root === 'true' };
}
