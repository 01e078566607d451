import type { Runtime } from '@neurodex/autograd';
import { silentReporter } from '@neurodex/core';
import { pictureBytes } from '@neurodex/datasets/picture';
import type { EmbeddingRows } from '../pictures/embeddings.ts';
import type { BuildRequest } from './build.ts';
import { type ChosenEncoder, openChosenEncoder } from './open-encoder.ts';

/** What an encoder gives of each picture, and the seconds that it takes. */
export interface PlannedEncoder {
  readonly embeddings: EmbeddingRows;
  /** Of a picture, without the time to read it. */
  readonly seconds: number;
}

/** Thrown where a file is missing: a plan downloads nothing. */
class NotHere extends Error {}

/** A request whose encoders are not downloaded. */
export const withoutDownloads = (request: BuildRequest): BuildRequest => ({
  ...request,
  reporter: silentReporter,
  downloads: () => {
    throw new NotHere();
  },
});

/** Undefined where files would have to be downloaded to know it. */
export async function unlessDownloaded<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NotHere) return undefined;
    throw error;
  }
}

/** Undefined without an encoder. @throws NeurodexError `encoder-unusable` */
export async function planEncoder(request: BuildRequest, runtime: Runtime): Promise<PlannedEncoder | undefined> {
  const chosen = await openChosenEncoder({ ...request, reporter: silentReporter, runtime, keepsAll: true });
  if (chosen === undefined) return undefined;
  try {
    const { tokens, channels } = chosen.encoder.facts;
    const { views } = request.config.encoder;
    return { embeddings: blank(tokens, channels, views), seconds: (1 + views) * (await secondsOf(chosen)) };
  } finally {
    await chosen.encoder.release();
  }
}

/** Of one of a batch, the second time: the first waits for memory. */
async function secondsOf({ encoder }: ChosenEncoder): Promise<number> {
  const pictures = Array.from({ length: encoder.batch }, () => new Uint8Array(pictureBytes(encoder.facts.size)));
  await encoder.embed(pictures);
  const began = performance.now();
  await encoder.embed(pictures);
  return (performance.now() - began) / 1000 / encoder.batch;
}

/** Embeddings of nothing: steps take as long with them. */
const blank = (tokens: number, channels: number, views: number): EmbeddingRows => ({
  tokens,
  channels,
  views,
  encoder: '',
  place: (row, view) => row * (1 + views) + view,
  read: () => new Float32Array(tokens * channels),
  readInto: () => {},
});
