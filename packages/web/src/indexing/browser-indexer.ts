import { FRAMES_COMMAND, isVideo } from '@neurodex/datasets/skipped';
import { ProgressMeter } from 'neurodex/browser-build';
import { openBrowserEngine } from '../browser/open.ts';
import { pictureOf } from '../browser/opened-site.ts';
import { EngineError, type SearchEngine } from '../engine.ts';
import type { IndexingProgress, LeftOut, PictureIndexer, StoredIndex } from '../indexer.ts';
import { archiveOf } from './archive.ts';
import { removeStored, storedFiles } from './index-store.ts';
import type { IndexingMessage, IndexingRequest } from './messages.ts';
import { readSettings } from './settings.ts';
import { factsOf, INDEX_PREFIX, StoredSiteFiles } from './stored-files.ts';

/** Name of an index of pictures that lie in no folder, or in several. */
const LOOSE = 'pictures';

/** Pictures of the index to try, at most. */
const SAMPLES = 12;

/** What a phase of a build is called on the page. */
const ACTIVITIES: Readonly<Record<string, string>> = {
  wait: 'Waiting for another tab of this site',
  decode: 'Reading pictures',
  runtime: 'Loading what the network runs on',
  see: 'Learning to see',
  states: 'Looking at the pictures',
  identifiers: 'Naming the pictures',
  measure: 'Searching for each picture, to measure',
  write: 'Keeping the index',
};

/** Indexes pictures in this browser, on a thread of its own. @param base the page's address; `?device=wasm` or `?device=webgpu` in it picks the device */
export const browserIndexer = (base: string = document.baseURI): PictureIndexer => ({
  limit: limitOf(),
  async stored() {
    refuseInsecure();
    const files = await storedFiles();
    return files === null ? null : await openStored(files, base);
  },
  async index({ pictures, skipped, folder }, { signal, onProgress, onFailed }) {
    const notices = { warnings: [], skipped: [...skipped] };
    try {
      refuseInsecure();
      const name = folder ?? LOOSE;
      if (pictures.length === 0) throw noPictures(folder, skipped);
      const settings = await readSettings(base);
      const device = new URL(base).searchParams.get('device');
      await inWorker({ name, folder, pictures, skipped, settings, device }, { signal, onProgress, notices });
    } catch (error) {
      onFailed(notices);
      throw error;
    }
    const kept = await storedFiles();
    if (kept === null) throw new EngineError('internal', 'the index is not where it was written');
    return await openStored(kept, base);
  },
});

function limitOf(): string | null {
  if (globalThis.crossOriginIsolated) return null;
  return 'This page is not isolated from others, so that without WebGPU indexing runs on one thread and takes longer. Its host has to send the headers that are in the file _headers.';
}

/** In the words of `neurodex index`. */
function noPictures(folder: string | null, skipped: readonly LeftOut[]): EngineError {
  const [first] = skipped;
  const things = skipped.length === 1 ? '1 thing' : `${skipped.length} things`;
  const found =
    first === undefined
      ? 'nothing at all'
      : `only ${things} that cannot be used (the first: ${first.path}, ${first.reason})`;
  return new EngineError('no-pictures', `${folder ?? 'what you chose'} holds no pictures: it holds ${found}`, {
    hint: skipped.some(isVideo)
      ? `take pictures out of the videos: ${FRAMES_COMMAND}`
      : 'choose a folder with JPEG, PNG, WebP, AVIF or GIF files, in one sub-folder for each class or without classes',
  });
}

/** Digests and the storage for files are there only for pages that came securely. */
function refuseInsecure(): void {
  if (globalThis.isSecureContext) return;
  throw new EngineError('insecure', 'this page came over an insecure connection, on which browsers keep no files', {
    hint: 'Open it over https, or from this computer.',
  });
}

/** Indexes on a thread that ends with the signal, in the middle of whatever it does. @param notices get what it tells */
function inWorker(
  request: IndexingRequest,
  {
    signal,
    onProgress,
    notices,
  }: {
    readonly signal: AbortSignal;
    readonly onProgress: (progress: IndexingProgress) => void;
    readonly notices: { readonly warnings: string[]; readonly skipped: LeftOut[] };
  },
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    const meter = new ProgressMeter(() => performance.now());
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
      else if (data.kind === 'skipped') notices.skipped.push(data.file);
      else if (data.kind === 'warning') notices.warnings.push(data.message);
      else if (data.kind === 'failed') {
        const { code, message, hint } = data;
        end(() => reject(new EngineError(code, message, hint === undefined ? {} : { hint })));
      } else {
        const { event, rate, left } = meter.measure(data.event);
        const { phase, done, total, unit } = event;
        const skipped = notices.skipped.length;
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
  const { skipped, warnings = [], folder = name, accuracy, seconds, trained } = facts;
  return {
    name,
    created,
    pictures: pictures.length,
    folder,
    skipped,
    warnings,
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
