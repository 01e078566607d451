import {
  type AttentionProbe,
  type DsiModel,
  type DsiSystem,
  type LabelledStore,
  PrefixTable,
  readMemory,
  readParameters,
  readPrefixes,
  type SiteDescription,
  type SitePicture,
  schemeOf,
  Trie,
} from 'neurodex/browser';
import { type EngineDescription, EngineError, type Picture, type Progress } from '../engine.ts';
import { startNetwork } from './network.ts';
import { COPY_AGAIN, type SiteFiles, thumbnailFile } from './site.ts';
import { SiteEncoder } from './site-encoder.ts';
import { type SiteJudge, siteJudge } from './site-judge.ts';

/** An exported site whose network is ready to search. */
export interface OpenedSite {
  readonly site: SiteDescription;
  readonly description: EngineDescription;
  readonly system: DsiSystem;
  /** Undefined where the network reads no patches. */
  readonly probe: AttentionProbe | undefined;
  /** In front of the network, where it reads one. */
  readonly encoder: SiteEncoder | undefined;
  /** Undefined where answers have no relevance. */
  readonly judge: SiteJudge | undefined;
  /** By row. */
  readonly pictures: ReadonlyMap<number, SitePicture>;
  /** What is relevant to what. */
  readonly labelled: LabelledStore;
}

/** Reads an exported site and starts its network. @throws EngineError */
export async function openSite(files: SiteFiles, onProgress?: (progress: Progress) => void): Promise<OpenedSite> {
  const site = await files.describe();
  const model = readModel(await files.model(site, onProgress), site);
  const relevance = await files.relevance(site, onProgress);
  const pictures = new Map(site.pictures.map((picture) => [picture.row, picture]));
  const catalogue = site.pictures.filter(({ role }) => role === 'catalogue');
  const trie = new Trie(
    schemeOf(site.scheme),
    catalogue.map(({ identifier }) => identifier ?? ''),
    catalogue.map(({ row }) => row),
  );
  onProgress?.({ activity: 'Starting the network', done: 0 });
  const { system, probe, runs, runtime } = await startNetwork(
    model,
    restoreTable(trie, model, site),
    site,
    files.device,
  );
  return {
    site,
    system,
    probe,
    encoder: site.encoder === undefined ? undefined : new SiteEncoder(site.encoder, files, runtime),
    judge:
      relevance &&
      siteJudge({
        relevance,
        system,
        encoder: site.encoder,
        labelsOf: (row) => (site.hasClasses ? (pictures.get(row)?.labels ?? []) : []),
      }),
    labelled: { hasClasses: site.hasClasses, rows: site.pictures },
    pictures,
    description: {
      name: site.name,
      dataset: site.dataset,
      systems: ['dsi'],
      textSystems: [],
      catalogue: catalogue.length,
      patchesPerSide: probe?.side ?? null,
      samples: site.pictures.filter(({ role }) => role !== 'catalogue').map((picture) => pictureOf(picture, files)),
      runs,
    },
  };
}

/** A picture of the site as pages show it. */
export const pictureOf = ({ row, name, labels, role, identifier }: SitePicture, files: SiteFiles): Picture => ({
  id: String(row),
  name,
  labels: [...labels],
  role,
  identifier,
  thumbnail: files.address(thumbnailFile(row)),
  image: files.address(thumbnailFile(row)),
});

/** The row of a picture of the site. */
export const rowOf = ({ id }: Picture): number => Number(id);

function readModel(bytes: Uint8Array, { model, geometry }: SiteDescription): DsiModel {
  try {
    return {
      geometry,
      parameters: readParameters(bytes, geometry),
      prefixes: readPrefixes(bytes, geometry),
      memory: readMemory(bytes, geometry),
    };
  } catch (error) {
    throw new EngineError('damaged', `${model.file} is damaged: ${error instanceof Error ? error.message : error}`, {
      hint: COPY_AGAIN,
      cause: error,
    });
  }
}

function restoreTable(trie: Trie, { prefixes, geometry }: DsiModel, { model }: SiteDescription): PrefixTable {
  try {
    return PrefixTable.restore(trie, prefixes, geometry.output === 'memory' ? 'memory' : 'prefix');
  } catch (error) {
    throw new EngineError('damaged', `${model.file} and description.json are of different exports`, {
      hint: COPY_AGAIN,
      cause: error,
    });
  }
}
