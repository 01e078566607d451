import { join } from 'node:path';
import type { Runtime } from '@neurodex/autograd';
import { type Catalogue, withRole } from '../catalogue/catalogue.ts';
import { openCatalogue, type StoredCatalogue } from '../catalogue/store.ts';
import { NeurodexError } from '../errors.ts';
import { identifierLength } from '../identifiers/encode.ts';
import { schemeOf } from '../identifiers/schemes.ts';
import { Trie } from '../identifiers/trie.ts';
import { type DsiModel, deserialiseModel } from '../models/dsi/model.ts';
import { type Reporter, silentReporter } from '../progress.ts';
import { damaged } from '../storage/damaged.ts';
import { DsiSystem } from './dsi.ts';
import { IndexFiles } from './index-files.ts';
import { CATALOGUE_FOLDER, type IndexManifest, MODEL_FILE, readListed } from './manifest.ts';
import { openBovw } from './open-bovw.ts';
import { openEncoderSystem, openQueryEncoder } from './open-encoder.ts';
import { PixelsSystem } from './pixels.ts';
import type { QueryEncoder } from './query-encoder.ts';
import type { QueryPicture, System, SystemName } from './system.ts';

/** An index ready to be searched. Until it is closed it stays the version that was opened, or says that it was replaced. */
export interface Index {
  readonly folder: string;
  readonly manifest: IndexManifest;
  readonly catalogue: StoredCatalogue;
  readonly trie: Trie;
  /** What it can answer with, in the order of SYSTEMS. */
  readonly systems: readonly SystemName[];
  /** Made when first asked for. @throws NeurodexError `system-missing`, `index-damaged` */
  system(name: SystemName): Promise<System>;
  /** The network. @throws NeurodexError `system-missing`, `index-damaged` */
  model(): Promise<DsiModel>;
  /** What the network is shown of a query, for one picture: its pixels, or its embedding. */
  shown(query: QueryPicture): Promise<Uint8Array | Float32Array>;
  /** The text of the run log; empty where there is none. @throws NeurodexError `index-damaged` */
  log(): Promise<string>;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** Of the version that it must be, where somebody has opened it before (`IndexManifest.digest`). */
  readonly digest?: string | undefined;
  /** The pixel cache, where another thread has read it (`Catalogue.pixels`). */
  readonly pixels?: Uint8Array;
  /** Sizes in which the network takes queries together (`DsiOptions.batches`). */
  readonly batches?: readonly number[];
}

/**
 * Opens the folder that `index` left: what it holds, its pictures and the identifiers' trie. Systems are read when they
 * are asked for.
 * @throws NeurodexError `index-missing`, `index-damaged`, `index-newer`, `index-older`, `index-replaced`
 */
export async function openIndex(
  folder: string,
  runtime: Runtime,
  reporter: Reporter = silentReporter,
  { pixels, batches, digest }: OpenOptions = {},
): Promise<Index> {
  const files = await IndexFiles.open(folder, digest);
  const { manifest } = files;
  let stored: StoredCatalogue | undefined;
  let trie: Trie;
  try {
    stored = await openCatalogue(join(folder, CATALOGUE_FOLDER), {
      ...files.options,
      pixels,
      listed: manifest.catalogue,
    });
    trie = trieOf(stored, manifest);
    if (trie.leafCount === 0) throw damaged(join(folder, CATALOGUE_FOLDER), 'holds no catalogue picture');
  } catch (error) {
    await stored?.close();
    await files.close();
    throw error;
  }
  const catalogue = stored;
  const systems = new Map<SystemName, Promise<System>>();
  let opened: Promise<QueryEncoder> | undefined;
  const queryEncoder = (): Promise<QueryEncoder> => {
    opened ??= openQueryEncoder(files, manifest, catalogue, runtime);
    return opened;
  };

  const model = async (): Promise<DsiModel> => {
    if (manifest.model === undefined) throw missingSystem(folder, manifest, 'dsi');
    const read = deserialiseModel(await files.read(manifest.model), files.pathOf(manifest.model));
    const { geometry } = read;
    const { size: vocabulary, pad } = trie.scheme.vocabulary;
    if (
      geometry.size !== catalogue.size ||
      geometry.tokens !== identifierLength(trie.scheme, identifiersOf(catalogue)) ||
      geometry.tokenRows !== trie.shownCount ||
      geometry.vocabulary !== vocabulary ||
      geometry.pad !== pad
    ) {
      throw damaged(join(folder, MODEL_FILE), 'belongs to another catalogue');
    }
    const { encoder } = manifest;
    const { stem, patches, channels } = geometry;
    const { embeddings } = catalogue;
    const isOther = (facts: { readonly tokens: number; readonly channels: number } | undefined): boolean =>
      facts?.tokens !== patches || facts.channels !== channels;
    if (stem === 'encoder' && (isOther(encoder) || isOther(embeddings))) {
      throw damaged(join(folder, MODEL_FILE), 'was trained behind another encoder');
    }
    return read;
  };
  const make: { readonly [Name in SystemName]: () => Promise<System> } = {
    async dsi() {
      const { geometry, parameters } = await model();
      const { beam, exactUpTo } = manifest.config.retrieval;
      // A wider beam finds nothing more.
      const search = { exactUpTo, beam: Math.min(beam, trie.leafCount) };
      const encoder = geometry.stem === 'encoder' ? { encoder: await queryEncoder() } : {};
      const sizes = batches === undefined ? {} : { batches };
      return new DsiSystem({ runtime, geometry, trie, search, parameters, ...encoder, ...sizes });
    },
    bovw: () => openBovw(files, catalogue, runtime, reporter),
    pixels: async () => new PixelsSystem(catalogue),
    encoder: async () => openEncoderSystem(folder, catalogue, manifest.encoder?.sha256, await queryEncoder()),
  };

  return {
    folder,
    manifest,
    catalogue,
    trie,
    systems: manifest.systems,
    model,
    async system(name) {
      if (!manifest.systems.includes(name)) throw missingSystem(folder, manifest, name);
      const system = systems.get(name) ?? make[name]().then((made) => withNumbers(made, folder));
      systems.set(name, system);
      return await system;
    },
    async shown(query) {
      const { geometry } = await model();
      return geometry.stem === 'encoder' ? await (await queryEncoder()).embed([query]) : query.pixels;
    },
    log: async () => (manifest.log === undefined ? '' : new TextDecoder().decode(await files.read(manifest.log))),
    async close() {
      for (const system of systems.values()) await (await system.catch(() => undefined))?.close();
      await (await opened?.catch(() => undefined))?.encoder.release();
      await catalogue.close();
      await files.close();
    },
  };
}

/** Numbers of a model may be finite and too large to compute with: what comes out then ranks nothing. */
const withNumbers = (system: System, folder: string): System => ({
  name: system.name,
  memorises: system.memorises,
  close: () => system.close(),
  async rank(queries, k) {
    const answers = await system.rank(queries, k);
    if (answers.some((each) => each.some(({ score }) => Number.isNaN(score))))
      throw damaged(folder, `gives scores that are not numbers: what ${system.name} is made of is damaged`);
    return answers;
  },
});

const identifiersOf = (catalogue: Pick<Catalogue, 'pictures'>): string[] =>
  catalogue.pictures.flatMap(({ identifier }) => identifier ?? []);

/** The trie of the catalogue's identifiers; its leaves are rows. */
export function trieOf(catalogue: Catalogue, { config }: Pick<IndexManifest, 'config'>): Trie {
  const pictures = withRole(catalogue, 'catalogue');
  const scheme = schemeOf(config.identifiers);
  return new Trie(
    scheme,
    pictures.map(({ identifier }) => identifier ?? ''),
    pictures.map(({ row }) => row),
    config.model?.embedding,
  );
}

/** @throws NeurodexError `system-missing`, `index-damaged` */
export async function readModel(folder: string, manifest: IndexManifest): Promise<DsiModel> {
  if (manifest.model === undefined) throw missingSystem(folder, manifest, 'dsi');
  return deserialiseModel(await readListed(folder, manifest.model), join(folder, manifest.model.file));
}

function missingSystem(folder: string, { systems }: IndexManifest, name: SystemName): NeurodexError {
  return new NeurodexError('system-missing', `${folder} was made without ${name}; it has ${systems.join(', ')}`, {
    hint: `ask for one of those, or build the index again with \`neurodex index … --systems ${[...systems, name].join(',')}\``,
    details: { folder, system: name, systems },
  });
}
