import { NeurodexError, type Reporter } from '@neurodex/core';
import { videoNotes } from '@neurodex/datasets/skipped';
import {
  type BuiltPictures,
  browserMachine,
  buildPictures,
  type DecodedFile,
  siteFiles,
  writeIndexFiles,
} from 'neurodex/browser-build';
import { EngineError } from '../engine.ts';
import type { LeftOut } from '../indexer.ts';
import { decodePicture } from './decode-picture.ts';
import { refuseFull, storeIndex } from './index-store.ts';
import { leftOut } from './left-out.ts';
import type { IndexingMessage, IndexingRequest } from './messages.ts';
import { INDEX_PREFIX, STORED, type StoredFacts } from './stored-files.ts';
import { trainingRuntime } from './training-runtime.ts';

const tell = (message: IndexingMessage): void => postMessage(message);

/** A thread builds one index. */
const warnings: string[] = [];
const reporter: Reporter = {
  progress: (event) => tell({ kind: 'progress', event }),
  warn(message) {
    warnings.push(message);
    tell({ kind: 'warning', message });
  },
  info() {},
};

/** Decodes the pictures, and says which cannot be decoded: they stop nothing. */
async function decodeAll({ pictures, skipped: others, settings }: IndexingRequest) {
  const decoded: DecodedFile[] = [];
  const skipped: LeftOut[] = [...others];
  for (const { message } of videoNotes(others)) reporter.warn(message);
  for (const [at, picture] of pictures.entries()) {
    try {
      decoded.push(await decodePicture(picture, settings.config.pictures));
    } catch (error) {
      const left = await leftOut(picture.path, picture.file, error);
      skipped.push(left);
      tell({ kind: 'skipped', file: left });
    }
    reporter.progress({ phase: 'decode', done: at + 1, total: pictures.length, unit: 'pictures' });
  }
  return { decoded, skipped };
}

/** @throws EngineError `no-pictures` before the runtime is loaded, and anything is learned */
function refuseTooFew({ name, pictures }: IndexingRequest, decoded: number, [first]: readonly LeftOut[]): void {
  if (decoded > 1) return;
  const tried = pictures.length === 1 ? '1 file' : `${pictures.length} files`;
  const reason = first === undefined ? '' : `, the first: ${first.path}: ${first.reason}`;
  if (decoded === 0)
    throw new EngineError('no-pictures', `${name} has no picture that can be used: ${tried} tried${reason}`, {
      hint: 'Choose a folder with JPEG, PNG, WebP, AVIF or GIF files.',
    });
  throw new EngineError(
    'no-pictures',
    `${name} gives one usable picture of ${tried}; an index needs at least two to tell apart`,
    { hint: 'Choose more pictures.' },
  );
}

/** All of it is done under the lock of the store, so that two tabs do not both work for an index of which one is kept. */
const index = (request: IndexingRequest): Promise<void> =>
  storeIndex(
    (write) => buildInto(write, request),
    () => reporter.progress({ phase: 'wait', done: 0, unit: 'files' }),
  );

async function buildInto(
  write: (file: string, bytes: Uint8Array) => Promise<void>,
  request: IndexingRequest,
): Promise<void> {
  const { name, settings, device } = request;
  const { decoded, skipped } = await decodeAll(request);
  refuseTooFew(request, decoded.length, skipped.slice(request.skipped.length));
  // Both in the folder of the index and in the file of all thumbnails.
  await refuseFull(decoded.reduce((sum, { pixels, thumbnail }) => sum + pixels.length + 2 * thumbnail.length, 0));
  reporter.progress({ phase: 'runtime', done: 0, unit: 'files' });
  const { runtime, runs } = await trainingRuntime(device);
  const { config, seed } = settings;
  const built = await buildPictures(decoded, {
    config,
    seed,
    source: name,
    runtime,
    machine: browserMachine,
    reporter,
  });
  const listed = skipped.map(({ advice: _, ...file }) => file);
  const facts = { name, version: settings.neurodex, created: new Date().toISOString(), skipped: listed };
  let files = 0;
  const keep = async (path: string, bytes: Uint8Array): Promise<void> => {
    reporter.progress({ phase: 'write', done: files++, unit: 'files' });
    await write(path, bytes);
  };
  await writeIndexFiles(built, facts, (path, bytes) => keep(`${INDEX_PREFIX}${path}`, bytes));
  const { description, model } = siteFiles(built, facts);
  await keep(STORED.model, model);
  await keep(STORED.thumbnails, thumbnailsOf(built));
  await keep(STORED.facts, json(storedFacts(built, { skipped, warnings, trained: runs, folder: request.folder })));
  await keep(STORED.description, json(description));
}

const json = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function thumbnailsOf({ files }: BuiltPictures): Uint8Array {
  const all = new Uint8Array(files.reduce((sum, { thumbnail }) => sum + thumbnail.length, 0));
  let at = 0;
  for (const { thumbnail } of files) {
    all.set(thumbnail, at);
    at += thumbnail.length;
  }
  return all;
}

function storedFacts(
  { files, metrics, seconds }: BuiltPictures,
  told: Pick<StoredFacts, 'skipped' | 'warnings' | 'trained' | 'folder'>,
): StoredFacts {
  let end = 0;
  return {
    ...told,
    accuracy: metrics['IA@1'] ?? null,
    seconds,
    thumbnailEnds: files.map(({ thumbnail }) => (end += thumbnail.length)),
  };
}

addEventListener('message', ({ data }: MessageEvent<IndexingRequest>) => {
  index(data).then(
    () => tell({ kind: 'done' }),
    (error: unknown) => {
      const known = error instanceof EngineError || error instanceof NeurodexError ? error : undefined;
      const message = error instanceof Error ? error.message : String(error);
      tell({ kind: 'failed', code: known?.code ?? 'internal', message, hint: known?.hint });
    },
  );
});
