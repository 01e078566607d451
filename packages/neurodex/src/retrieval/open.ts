import { join } from 'node:path';
import type { HostArray, Runtime } from '@neurodex/autograd';
import { type Catalogue, withRole } from '../catalogue/catalogue.ts';
import { openCatalogue } from '../catalogue/store.ts';
import { type DsiModel, deserialiseModel } from '../dsi/model/model-file.ts';
import { PrefixTable } from '../dsi/model/prefix-table.ts';
import { NeurodexError } from '../errors.ts';
import { schemeOf } from '../identifiers/schemes.ts';
import { Trie } from '../identifiers/trie.ts';
import { type Reporter, silentReporter } from '../progress.ts';
import { modelInput } from '../query/model-inputs.ts';
import type { Query } from '../query/query.ts';
import { DsiSystem } from './dsi.ts';
import {
  CATALOGUE_FOLDER,
  damaged,
  type IndexManifest,
  MODEL_FILE,
  readIndexManifest,
  readListed,
} from './manifest.ts';
import { openBovw } from './open-bovw.ts';
import { openEncoderSystem, openQueryEncoder } from './open-encoder.ts';
import { PixelsSystem } from './pixels.ts';
import type { QueryEncoder } from './query-encoder.ts';
import type { System, SystemName } from './system.ts';

/** An index ready to be searched. */
export interface Index {
  readonly folder: string;
  readonly manifest: IndexManifest;
  readonly catalogue: Catalogue;
  readonly trie: Trie;
  /** What it can answer with, in the order of SYSTEMS. */
  readonly systems: readonly SystemName[];
  /** Made when first asked for. @throws NeurodexError `system-missing`, `index-damaged` */
  system(name: SystemName): Promise<System>;
  /** The network; read when first asked for. @throws NeurodexError `system-missing`, `index-damaged` */
  network(): Promise<Network>;
  /** What the network reads of a query, as `ModelInput.feed` gives it. */
  input(query: Query): Promise<HostArray>;
  close(): Promise<void>;
}

/** A trained network, and the rows of its tables that stand for the prefixes of the catalogue's identifiers. */
export interface Network {
  readonly model: DsiModel;
  readonly table: PrefixTable;
}

export interface OpenOptions {
  /** The pixel cache, where another thread has read it (`Catalogue.pixels`). */
  readonly pixels?: Uint8Array;
  /** Sizes in which the network takes queries together (`DsiOptions.batches`). */
  readonly batches?: readonly number[];
}

/**
 * Opens the folder that `index` left: what it holds, its pictures and the identifiers' trie. Systems are read when they
 * are asked for.
 * @throws NeurodexError `index-missing`, `index-damaged`, `index-newer`
 */
export async function openIndex(
  folder: string,
  runtime: Runtime,
  reporter: Reporter = silentReporter,
  { pixels, batches }: OpenOptions = {},
): Promise<Index> {
  const manifest = await readIndexManifest(folder);
  const catalogue = await openCatalogue(join(folder, CATALOGUE_FOLDER), pixels);
  const trie = trieOf(catalogue, manifest);
  const systems = new Map<SystemName, Promise<System>>();
  let opened: Promise<QueryEncoder> | undefined;
  const queryEncoder = (): Promise<QueryEncoder> => {
    opened ??= openQueryEncoder(folder, manifest, catalogue, runtime);
    return opened;
  };

  let read: Promise<Network> | undefined;
  const network = (): Promise<Network> => {
    read ??= readNetwork(folder, manifest, catalogue, trie);
    return read;
  };
  const backboneOf = async ({ model: { geometry } }: Network): Promise<QueryEncoder | undefined> =>
    modelInput(geometry).needsBackbone ? await queryEncoder() : undefined;

  const make: { readonly [Name in SystemName]: () => Promise<System> } = {
    async dsi() {
      const opened = await network();
      const { geometry, parameters } = opened.model;
      const search = manifest.config.retrieval;
      const sizes = batches === undefined ? {} : { batches };
      const backbone = await backboneOf(opened);
      return new DsiSystem({ runtime, geometry, table: opened.table, search, parameters, backbone, ...sizes });
    },
    bovw: () => openBovw(folder, manifest, catalogue, runtime, reporter),
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
      const system = systems.get(name) ?? make[name]();
      systems.set(name, system);
      return await system;
    },
    async input(query) {
      const opened = await network();
      const { geometry } = opened.model;
      return await modelInput(geometry).feed([query], 1, geometry, await backboneOf(opened));
    },
    async close() {
      for (const system of systems.values()) await (await system.catch(() => undefined))?.close();
      await (await opened?.catch(() => undefined))?.encoder.release();
    },
  };
}

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

async function readNetwork(
  folder: string,
  manifest: IndexManifest,
  catalogue: Catalogue,
  trie: Trie,
): Promise<Network> {
  const model = await readModel(folder, manifest);
  const { geometry } = model;
  const refuse = (problem: string): never => {
    throw damaged(join(folder, MODEL_FILE), problem);
  };
  if (geometry.imageSize !== catalogue.size || geometry.maxIdentifierLength < trie.maxDepth) {
    refuse('belongs to another catalogue');
  }
  const { encoder } = manifest;
  if (
    modelInput(geometry).needsBackbone &&
    (encoder?.tokens !== geometry.sequenceLength || encoder.channels !== geometry.channels)
  ) {
    refuse('was trained behind another encoder');
  }
  let table: PrefixTable;
  try {
    table = PrefixTable.restore(trie, model.prefixes);
  } catch {
    return refuse('belongs to another catalogue');
  }
  return geometry.embeddingRows === table.size ? { model, table } : refuse('belongs to another catalogue');
}

/** @throws NeurodexError `system-missing`, `index-damaged` */
export async function readModel(folder: string, manifest: IndexManifest): Promise<DsiModel> {
  if (manifest.model === undefined) throw missingSystem(folder, manifest, 'dsi');
  return deserialiseModel(await readListed(folder, manifest.model), join(folder, manifest.model.file));
}

function missingSystem(folder: string, { systems }: IndexManifest, name: SystemName): NeurodexError {
  return new NeurodexError('system-missing', `${folder} was made without ${name}; it has ${systems.join(', ')}`, {
    hint: `ask for one of those, or build the index again with --systems ${[...systems, name].join(',')}`,
    details: { folder, system: name, systems },
  });
}
