import { join } from 'node:path';
import type { HostArray, Runtime } from '@neurodex/autograd';
import { NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import { damaged } from '@neurodex/core/storage';
import { type Catalogue, withRole } from '../catalogue/catalogue.ts';
import { openCatalogue, type StoredCatalogue } from '../catalogue/store.ts';
import { type DsiModel, deserialiseModel } from '../dsi/model/model-file.ts';
import { PrefixTable } from '../dsi/model/prefix-table.ts';
import { identifierLength } from '../identifiers/encode.ts';
import { schemeOf } from '../identifiers/schemes.ts';
import { Trie } from '../identifiers/trie.ts';
import { modelInput } from '../query/model-inputs.ts';
import type { Query } from '../query/query.ts';
import { DsiSystem } from './dsi.ts';
import { IndexFiles } from './index-files.ts';
import { CATALOGUE_FOLDER, type IndexManifest, readListed } from './manifest.ts';
import { openBovw } from './open-bovw.ts';
import { openEncoderSystem, openQueryEncoder } from './open-encoder.ts';
import { PixelsSystem } from './pixels.ts';
import type { QueryEncoder } from './query-encoder.ts';
import type { System, SystemName } from './system.ts';

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
  /** The network; read when first asked for. @throws NeurodexError `system-missing`, `index-damaged` */
  network(): Promise<Network>;
  /** What the network reads of a query, as `ModelInput.feed` gives it. */
  input(query: Query): Promise<HostArray>;
  /** The text of the run log; empty where there is none. @throws NeurodexError `index-damaged` */
  log(): Promise<string>;
  close(): Promise<void>;
}

/** A trained network, and the rows of its tables that stand for the prefixes of the catalogue's identifiers. */
export interface Network {
  readonly model: DsiModel;
  readonly table: PrefixTable;
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

  let read: Promise<Network> | undefined;
  const network = (): Promise<Network> => {
    read ??= readNetwork(files, catalogue, trie);
    return read;
  };
  const backboneOf = async ({ model: { geometry } }: Network): Promise<QueryEncoder | undefined> =>
    modelInput(geometry).needsBackbone ? await queryEncoder() : undefined;

  const make: { readonly [Name in SystemName]: () => Promise<System> } = {
    async dsi() {
      const found = await network();
      const { geometry, parameters } = found.model;
      const { beam, exactUpTo } = manifest.config.retrieval;
      // A wider beam finds nothing more.
      const search = { exactUpTo, beam: Math.min(beam, trie.leafCount) };
      const sizes = batches === undefined ? {} : { batches };
      const backbone = await backboneOf(found);
      return new DsiSystem({ runtime, geometry, table: found.table, search, parameters, backbone, ...sizes });
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
    network,
    async system(name) {
      if (!manifest.systems.includes(name)) throw missingSystem(folder, manifest, name);
      const system = systems.get(name) ?? make[name]().then((made) => withNumbers(made, folder));
      systems.set(name, system);
      return await system;
    },
    async input(query) {
      const found = await network();
      const { geometry } = found.model;
      return await modelInput(geometry).feed([query], 1, geometry, await backboneOf(found));
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

async function readNetwork(files: IndexFiles, catalogue: StoredCatalogue, trie: Trie): Promise<Network> {
  const { manifest, folder } = files;
  if (manifest.model === undefined) throw missingSystem(folder, manifest, 'dsi');
  const file = files.pathOf(manifest.model);
  const model = deserialiseModel(await files.read(manifest.model), file);
  const { geometry } = model;
  const { size: vocabulary, pad } = trie.scheme.vocabulary;
  const table = tableOf(trie, model, file);
  if (
    geometry.imageSize !== catalogue.size ||
    geometry.maxIdentifierLength !== identifierLength(trie.scheme, identifiersOf(catalogue)) ||
    geometry.embeddingRows !== table.size ||
    geometry.vocabulary !== vocabulary ||
    geometry.pad !== pad
  ) {
    throw damaged(file, 'belongs to another catalogue');
  }
  const isOther = (facts: { readonly tokens: number; readonly channels: number } | undefined): boolean =>
    facts?.tokens !== geometry.sequenceLength || facts.channels !== geometry.channels;
  if (modelInput(geometry).needsBackbone && (isOther(manifest.encoder) || isOther(catalogue.embeddings))) {
    throw damaged(file, 'was trained behind another encoder');
  }
  return { model, table };
}

function tableOf(trie: Trie, { prefixes }: DsiModel, file: string): PrefixTable {
  try {
    return PrefixTable.restore(trie, prefixes);
  } catch (error) {
    throw damaged(file, 'belongs to another catalogue', error);
  }
}

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
