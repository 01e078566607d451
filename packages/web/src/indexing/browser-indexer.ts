import { ProgressMeter } from 'neurodex/browser-build';
import { openBrowserEngine } from '../browser/open.ts';
import { pictureOf } from '../browser/opened-site.ts';
import { EngineError, type SearchEngine } from '../engine.ts';
import type { IndexingProgress, PictureIndexer, StoredIndex } from '../indexer.ts';
import { archiveOf } from './archive.ts';
import { removeStored, storedFiles } from './index-store.ts';
import type { IndexingMessage, IndexingRequest } from './messages.ts';
import { readSettings } from './settings.ts';
import { factsOf, INDEX_PREFIX, StoredSiteFiles } from './stored-files.ts';

/** Pictures of the index to try, at most. */
const SAMPLES = 12;

/** What a phase of a build is called on the page. */
const ACTIVITIES: Readonly<Record<string, string>> = {
  decode: 'Reading pictures',
  see: 'Learning to see',
  states: 'Looking at the pictures',
  identifiers: 'Naming the pictures',
};

/** Indexes pictures in this browser, on a thread of its own. @param base the page's address; `?device=wasm` or `?device=webgpu` in it picks the device */
export const browserIndexer = (base: string = document.baseURI): PictureIndexer => ({
  limit: limitOf(),
  async stored() {
    refuseInsecure();
    const files = await storedFiles();
    return files === null ? null : await openStored(files, base);
  },
  async index(files, { name, signal, onProgress }) {
    refuseInsecure();
    if (files.length === 0)
      throw new EngineError('no-pictures', 'none of the files that you chose is a picture', {
        hint: 'Choose a folder with JPEG, PNG, WebP or GIF files.',
      });
    const settings = await readSettings(base);
    const device = new URL(base).searchParams.get('device');
    await inWorker({ name, files, settings, device }, signal, onProgress);
    const kept = await storedFiles();
    if (kept === null) throw new EngineError('internal', 'the index is not where it was written');
    return await openStored(kept, base);
  },
});

function limitOf(): string | null {
  if (globalThis.crossOriginIsolated) return null;
  return 'This page is not isolated from others, so that indexing runs on one thread and takes longer. Its host has to send the headers that are in the file _headers.';
}

/** Digests and the storage for files are there only for pages that came securely. */
function refuseInsecure(): void {
  if (globalThis.isSecureContext) return;
  throw new EngineError('insecure', 'this page came over an insecure connection, on which browsers keep no files', {
    hint: 'Open it over https, or from this computer.',
  });
}

/** Indexes on a thread that ends with the signal, in the middle of whatever it does. */
function inWorker(
  request: IndexingRequest,
  signal: AbortSignal,
  onProgress: (progress: IndexingProgress) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    const meter = new ProgressMeter(() => performance.now());
    let skipped = 0;
    const end = (settle: () => void): void => {
      worker.terminate();
      signal.removeEventListener('abort', stop);
      settle();
    };
    const stop = (): void => end(() => reject(signal.reason));
    signal.addEventListener('abort', stop);
    worker.addEventListener('error', ({ message }) =>
      end(() =>
        reject(new EngineError('internal', `indexing failed: ${message || 'its thread could not be started'}`)),
      ),
    );
    worker.addEventListener('message', ({ data }: MessageEvent<IndexingMessage>) => {
      if (data.kind === 'done') end(resolve);
      else if (data.kind === 'skipped') skipped++;
      else if (data.kind === 'failed') {
        const { code, message, hint } = data;
        end(() => reject(new EngineError(code, message, hint === undefined ? {} : { hint })));
      } else {
        const { event, rate, left } = meter.measure(data.event);
        const { phase, done, total = done, unit } = event;
        onProgress({ activity: ACTIVITIES[phase] ?? phase, done, total, unit, rate, left, skipped });
      }
    });
    worker.postMessage(request);
  });
}

async function openStored(files: ReadonlyMap<string, Blob>, base: string): Promise<StoredIndex> {
  const facts = await factsOf(files);
  const site = new StoredSiteFiles(new URL(base), files, facts);
  const { name, created, pictures } = await site.describe();
  const { skipped, accuracy, seconds, trained } = facts;
  return {
    name,
    created,
    pictures: pictures.length,
    skipped,
    accuracy,
    seconds,
    trained,
    bytes: [...files.values()].reduce((sum, { size }) => sum + size, 0),
    engine: withSamples(openBrowserEngine(site), site),
    async archive() {
      const folder = `${name.replace(/[^\w.-]+/g, '-')}.index`;
      const own = [...files].flatMap(([path, file]): [string, Blob][] =>
        path.startsWith(INDEX_PREFIX) ? [[`${folder}/${path.slice(INDEX_PREFIX.length)}`, file]] : [],
      );
      return { name: `${folder}.zip`, content: await archiveOf(new Map(own)) };
    },
    remove: removeStored,
  };
}

/** All pictures are in the catalogue: some of them are there to try. */
const withSamples = (engine: SearchEngine, site: StoredSiteFiles): SearchEngine => ({
  ...engine,
  async describe(onProgress) {
    const description = await engine.describe(onProgress);
    const { pictures } = await site.describe();
    const count = Math.min(SAMPLES, pictures.length);
    const samples = Array.from({ length: count }, (_, i) => pictures[Math.floor((i * pictures.length) / count)]);
    return { ...description, samples: samples.flatMap((each) => (each === undefined ? [] : [pictureOf(each, site)])) };
  },
});
