import type { Reporter } from '@neurodex/core';
import { defined } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import { libvips } from '@neurodex/datasets/image';
import type { WebpOptions } from 'sharp';
import { serialiseModel } from '../dsi/model/model-file.ts';
import { pixelsOf, type StoredPicture } from '../pictures/picture-store.ts';
import type { Index } from '../systems/open-index.ts';
import { DESCRIPTION_FILE, type ExportedIndex } from './description.ts';
import { writeEncoder } from './encoder-files.ts';
import type { Write } from './folder.ts';
import type { StoredModel } from './models.ts';
import { HEADERS, PAGES, pageFiles, readPageFile } from './page-files.ts';
import { webReadme } from './readme.ts';
import { SITE_MODEL, type SiteDescription, type SitePicture } from './site.ts';
import { SITE_RELEVANCE, siteRelevance } from './site-relevance.ts';

/** Queries to try, at most. */
const SAMPLES = 12;
const THUMBNAIL_QUALITY = 82;
/** By default. */
const MOST_EMBEDDINGS = 100e6;

export interface WebContent {
  readonly index: Index;
  readonly stored: StoredModel;
  readonly description: ExportedIndex;
  /** The file of the encoder that the description describes. */
  readonly imageEncoder?: Uint8Array | undefined;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
  /** Where the pages are. */
  readonly pages?: string;
  /** Bytes of embeddings that the site holds, at most; of more pictures the thumbnails are encoded. */
  readonly mostEmbeddings?: number;
}

/** The static site that searches in the browser: page, runtime, model, names and pictures, and the encoder in front of the model. */
export async function writeWeb(write: Write, content: WebContent): Promise<void> {
  const { index, stored, description, imageEncoder, reporter, signal, pages = PAGES } = content;
  const { mostEmbeddings = MOST_EMBEDDINGS } = content;
  for (const [from, to] of await pageFiles(pages, 'static.html')) await write(to, await readPageFile(pages, from));
  const model = serialiseModel(stored.original, stored.precision);
  await write(SITE_MODEL, model);
  const pictures = sitePictures(index);
  const { store, manifest } = index;
  const storesEmbeddings =
    imageEncoder === undefined ? undefined : embeddingBytes(index, pictures.length) <= mostEmbeddings;
  const relevance = await writeRelevance(write, index);
  const site: SiteDescription = {
    ...description,
    model: { file: SITE_MODEL, bytes: model.length },
    ...(storesEmbeddings === undefined ? {} : { storesEmbeddings }),
    ...(relevance === undefined ? {} : { relevance }),
    maxPixels: manifest.config.pictures.maxPixels,
    hasClasses: store.hasClasses,
    exactUpTo: manifest.config.retrieval.exactUpTo,
    pictures,
  };
  await write(DESCRIPTION_FILE, `${JSON.stringify(site)}\n`);
  for (const [done, { row }] of pictures.entries()) {
    throwIfInterrupted(signal);
    if (storesEmbeddings === undefined)
      await write(`pictures/${row}.webp`, await encoded(pixelsOf(store, row), store.size, { lossless: true }));
    if (storesEmbeddings === true) await write(`embeddings/${row}.f32`, embeddingOf(index, row));
    const { pixels, size } = await store.thumbnail(row);
    await write(`thumbnails/${row}.webp`, await encoded(pixels, size, { quality: THUMBNAIL_QUALITY }));
    reporter.progress({ phase: 'pictures', done: done + 1, total: pictures.length, unit: 'pictures' });
  }
  if (imageEncoder !== undefined)
    await writeEncoder(write, defined(description.encoder, 'the encoder of the description'), imageEncoder);
  await write('_headers', HEADERS);
  await write('README.md', webReadme(description, { storesEmbeddings, isCalibrated: relevance !== undefined }));
}

async function writeRelevance(write: Write, index: Index): Promise<SiteDescription['relevance']> {
  const relevance = await siteRelevance(index);
  if (relevance === undefined) return undefined;
  const text = `${JSON.stringify(relevance)}\n`;
  await write(SITE_RELEVANCE, text);
  return { file: SITE_RELEVANCE, bytes: Buffer.byteLength(text) };
}

/** Of `pictures` embeddings. */
function embeddingBytes({ store: { embeddings } }: Index, pictures: number): number {
  if (embeddings === undefined) return Number.POSITIVE_INFINITY;
  return pictures * embeddings.tokens * embeddings.channels * Float32Array.BYTES_PER_ELEMENT;
}

/** Little-endian, as every machine is that Node runs on. */
function embeddingOf({ store }: Index, row: number): Uint8Array {
  const { buffer, byteOffset, byteLength } = defined(store.embeddings, 'the embeddings').read(row);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function sitePictures({ store: catalogue }: Index): SitePicture[] {
  const plain =
    (role: SitePicture['role']) =>
    ({ row, path, labels, identifier }: StoredPicture): SitePicture => ({
      row,
      name: path,
      labels,
      role,
      identifier: identifier ?? null,
    });
  const split = catalogue.queries('test').length > 0 ? 'test' : 'validation';
  const queries = catalogue.queries(split);
  // Spread over all of them, which stand class by class.
  const count = Math.min(SAMPLES, queries.length);
  const samples = Array.from({ length: count }, (_, i) =>
    defined(queries[Math.floor((i * queries.length) / count)], 'a query'),
  );
  return [...catalogue.catalogue.map(plain('catalogue')), ...samples.map(plain(split))];
}

const encoded = async (pixels: Uint8Array, size: number, options: WebpOptions): Promise<Uint8Array> =>
  libvips()(pixels, { raw: { width: size, height: size, channels: 3 } })
    .webp(options)
    .toBuffer();
