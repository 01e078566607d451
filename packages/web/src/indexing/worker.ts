import { NeurodexError, type Reporter } from '@neurodex/core';
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
import { storeIndex } from './index-store.ts';
import type { IndexingMessage, IndexingRequest } from './messages.ts';
import { INDEX_PREFIX, STORED, type StoredFacts } from './stored-files.ts';
import { trainingRuntime } from './training-runtime.ts';

const tell = (message: IndexingMessage): void => postMessage(message);

const reporter: Reporter = { progress: (event) => tell({ kind: 'progress', event }), warn() {}, info() {} };

/** Decodes the files that are pictures, and says which are not. */
async function decodeAll({ files, settings }: IndexingRequest) {
  const decoded: DecodedFile[] = [];
  const skipped: LeftOut[] = [];
  for (const [at, file] of files.entries()) {
    try {
      decoded.push(await decodePicture(file, settings.config.pictures));
    } catch (error) {
      const left = { path: file.path, reason: error instanceof Error ? error.message : String(error) };
      skipped.push(left);
      tell({ kind: 'skipped', file: left });
    }
    reporter.progress({ phase: 'decode', done: at + 1, total: files.length, unit: 'pictures' });
  }
  return { decoded, skipped };
}

async function index(request: IndexingRequest): Promise<void> {
  const { name, settings, device } = request;
  const { decoded, skipped } = await decodeAll(request);
  if (decoded.length === 0)
    throw new EngineError(
      'no-pictures',
      `none of the ${request.files.length} files is a picture that this browser reads`,
      {
        hint: 'Choose a folder with JPEG, PNG, WebP or GIF files.',
      },
    );
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
  const facts = { name, version: settings.neurodex, created: new Date().toISOString(), skipped };
  await storeIndex(async (write) => {
    await writeIndexFiles(built, facts, (path, bytes) => write(`${INDEX_PREFIX}${path}`, bytes));
    const { description, model } = siteFiles(built, facts);
    await write(STORED.model, model);
    await write(STORED.thumbnails, thumbnailsOf(built));
    await write(STORED.facts, json(storedFacts(built, skipped, runs)));
    await write(STORED.description, json(description));
  });
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
  skipped: readonly LeftOut[],
  trained: string,
): StoredFacts {
  let end = 0;
  return {
    skipped,
    accuracy: metrics['IA@1'] ?? null,
    seconds,
    trained,
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
