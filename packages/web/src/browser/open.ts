import { browserRuntime, hasWebGpu } from '@neurodex/autograd/browser';
import {
  AttentionProbe,
  type DsiModel,
  DsiSystem,
  type PictureQuery,
  PrefixTable,
  readParameters,
  readPrefixes,
  type SiteDescription,
  type SitePicture,
  schemeOf,
  Trie,
} from 'neurodex/browser';
import {
  type Answer,
  type EngineDescription,
  EngineError,
  type Picture,
  type Progress,
  type Query,
  type SearchEngine,
  type SearchResponse,
} from '../engine.ts';
import { pixelsOf } from './pixels.ts';
import { SiteFiles } from './site.ts';

type Runtime = Awaited<ReturnType<typeof browserRuntime>>;

/** Answers whose tokens are explained. */
const EXPLAINED = 3;
/** More threads than this do not make one query faster. */
const MOST_THREADS = 4;

/** A network that is ready to search. */
interface Opened {
  readonly site: SiteDescription;
  readonly description: EngineDescription;
  readonly system: DsiSystem;
  readonly probe: AttentionProbe;
  /** By row. */
  readonly pictures: ReadonlyMap<number, SitePicture>;
}

/**
 * The engine that searches in the browser, with the files of an exported index beside the page: on WebGPU where there is
 * one, else as WebAssembly, with threads where the page is isolated.
 * @param base the page's address; `?device=webgpu` or `?device=wasm` in it says what to run on
 */
export function openBrowserEngine(base: string = document.baseURI): SearchEngine {
  const files = new SiteFiles(new URL(base));
  let opening: Promise<Opened> | undefined;
  // Sessions do not overlap: one search after another.
  let turn: Promise<unknown> = Promise.resolve();

  const open = (onProgress?: (progress: Progress) => void): Promise<Opened> => {
    opening ??= openSite(files, onProgress).catch((error) => {
      // What failed for want of a network may succeed later.
      opening = undefined;
      throw error;
    });
    return opening;
  };

  return {
    describe: async (onProgress) => (await open(onProgress)).description,
    search(query, k, signal) {
      const answer = turn.then(async () => {
        signal?.throwIfAborted();
        return await search(await open(), files, query, k, signal);
      });
      turn = answer.catch(() => {});
      return answer;
    },
  };
}

async function openSite(files: SiteFiles, onProgress?: (progress: Progress) => void): Promise<Opened> {
  const site = await files.describe();
  const model = readModel(await files.model(site, onProgress), site);
  const catalogue = site.pictures.filter(({ role }) => role === 'catalogue');
  const trie = new Trie(
    schemeOf(site.scheme),
    catalogue.map(({ identifier }) => identifier ?? ''),
    catalogue.map(({ row }) => row),
  );
  onProgress?.({ what: 'Starting the network', done: 0 });
  const { system, probe, runs } = await start(model, tableOf(trie, model, site), site, files.device);
  return {
    site,
    system,
    probe,
    pictures: new Map(site.pictures.map((picture) => [picture.row, picture])),
    description: {
      name: site.name,
      dataset: site.dataset,
      systems: ['dsi'],
      catalogue: catalogue.length,
      patchesPerSide: probe.side,
      samples: site.pictures.filter(({ role }) => role !== 'catalogue').map((picture) => shown(picture, files)),
      runs,
    },
  };
}

function readModel(bytes: Uint8Array, { model, geometry }: SiteDescription): DsiModel {
  try {
    return { geometry, parameters: readParameters(bytes, geometry), prefixes: readPrefixes(bytes, geometry) };
  } catch (error) {
    throw new EngineError('damaged', `${model.file} is damaged: ${error instanceof Error ? error.message : error}`, {
      hint: 'Copy the exported folder to its host again, as a whole.',
      cause: error,
    });
  }
}

function tableOf(trie: Trie, { prefixes }: DsiModel, { model }: SiteDescription): PrefixTable {
  try {
    return PrefixTable.restore(trie, prefixes);
  } catch (error) {
    throw new EngineError('damaged', `${model.file} belongs to other pictures than index.json`, {
      hint: 'Copy the exported folder to its host again, as a whole.',
      cause: error,
    });
  }
}

/** The network on the best device that answers a first query, so that what a device cannot do is known before the visitor asks. */
async function start(model: DsiModel, table: PrefixTable, site: SiteDescription, device: string | null) {
  const threads = globalThis.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, MOST_THREADS) : 1;
  const on = async (runtime: Runtime) => {
    const search = { exactUpTo: site.exactUpTo, beam: site.search.beam };
    const system = new DsiSystem({ runtime, table, search, ...model });
    const black = new Uint8Array(model.geometry.imageSize ** 2 * 3);
    await system.rank([asQuery(black)], 1);
    return { system, probe: await AttentionProbe.create(runtime, model, table) };
  };
  if (device === 'webgpu' || (device !== 'wasm' && (await hasWebGpu()))) {
    try {
      return { ...(await on(await browserRuntime({ device: 'webgpu' }))), runs: 'in this browser, on WebGPU' };
    } catch (error) {
      console.warn('WebGPU could not run the network; it runs on WebAssembly', error);
    }
  }
  try {
    const runs = `in this browser, on WebAssembly with ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
    return { ...(await on(await browserRuntime({ threads }))), runs };
  } catch (error) {
    throw new EngineError('no-runtime', 'the network does not run in this browser', {
      hint: 'Take a newer browser, or look whether it forbids WebAssembly.',
      cause: error,
    });
  }
}

const asQuery = (pixels: Uint8Array): PictureQuery => ({
  kind: 'picture',
  pixels,
  thumbnail: () => Promise.reject(new Error('the network does not look at thumbnails')),
});

async function search(
  { site, system, probe, pictures }: Opened,
  files: SiteFiles,
  query: Query,
  k: number,
  signal: AbortSignal | undefined,
): Promise<SearchResponse> {
  const known = query.kind === 'picture' ? pictures.get(query.picture.row) : undefined;
  const pixels =
    query.kind === 'file'
      ? await pixelsOf(query.file, query.file.name, site.geometry.imageSize, site.maxPixels)
      : await pixelsOf(
          await files.picture(query.picture.row),
          query.picture.name,
          site.geometry.imageSize,
          Number.POSITIVE_INFINITY,
        );
  signal?.throwIfAborted();
  const started = performance.now();
  const [ranked = []] = await system.rank([asQuery(pixels)], k);
  const seconds = (performance.now() - started) / 1000;
  const answers: Answer[] = [];
  for (const [i, { row, score }] of ranked.entries()) {
    const picture = pictures.get(row);
    if (picture === undefined) throw new EngineError('damaged', `index.json has no picture in row ${row}`);
    signal?.throwIfAborted();
    const tokens = i < EXPLAINED ? await probe.look(pixels, picture.identifier ?? '') : undefined;
    answers.push({
      rank: i + 1,
      picture: shown(picture, files),
      score,
      relevant: known === undefined ? null : isRelevant(known, picture, site),
      ...(tokens === undefined
        ? {}
        : {
            tokens: tokens.map(({ token, probability, rollout }) => ({
              token,
              probability,
              attention: [...rollout.patches],
            })),
          }),
    });
  }
  return {
    index: site.name,
    k,
    query: {
      picture: known === undefined ? null : String(known.row),
      labels: known === undefined ? null : [...known.labels],
    },
    results: [{ system: 'dsi', seconds, answers }],
  };
}

/** One label in common; without classes, the picture itself. */
const isRelevant = (query: SitePicture, answer: SitePicture, { hasClasses }: SiteDescription): boolean =>
  hasClasses ? answer.labels.some((label) => query.labels.includes(label)) : answer.row === query.row;

const shown = ({ row, name, labels, role, identifier }: SitePicture, files: SiteFiles): Picture => ({
  id: String(row),
  row,
  name,
  labels: [...labels],
  role,
  identifier,
  thumbnail: files.address(`thumbnails/${row}.webp`),
  image: files.address(`thumbnails/${row}.webp`),
});
