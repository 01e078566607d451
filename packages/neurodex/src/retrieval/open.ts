import { join } from 'node:path';
import type { Runtime } from '@neurodex/autograd';
import { type Catalogue, withRole } from '../catalogue/catalogue.ts';
import { openCatalogue } from '../catalogue/store.ts';
import { NeurodexError } from '../errors.ts';
import { schemeOf } from '../identifiers/schemes.ts';
import { Trie } from '../identifiers/trie.ts';
import { type DsiModel, deserialiseModel } from '../models/dsi/model.ts';
import { type Reporter, silentReporter } from '../progress.ts';
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
import type { QueryPicture, System, SystemName } from './system.ts';

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
  /** The network. @throws NeurodexError `system-missing`, `index-damaged` */
  model(): Promise<DsiModel>;
  /** What the network is shown of a query, for one picture: its pixels, or its embedding. */
  shown(query: QueryPicture): Promise<Uint8Array | Float32Array>;
  close(): Promise<void>;
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

  const model = async (): Promise<DsiModel> => {
    const read = await readModel(folder, manifest);
    if (
      read.geometry.size !== catalogue.size ||
      read.geometry.tokens < trie.maxDepth ||
      read.geometry.tokenRows !== trie.shownCount
    ) {
      throw damaged(join(folder, MODEL_FILE), 'belongs to another catalogue');
    }
    const { encoder } = manifest;
    const { stem, patches, channels } = read.geometry;
    if (stem === 'encoder' && (encoder?.tokens !== patches || encoder.channels !== channels)) {
      throw damaged(join(folder, MODEL_FILE), 'was trained behind another encoder');
    }
    return read;
  };
  const make: { readonly [Name in SystemName]: () => Promise<System> } = {
    async dsi() {
      const { geometry, parameters } = await model();
      const search = manifest.config.retrieval;
      const encoder = geometry.stem === 'encoder' ? { encoder: await queryEncoder() } : {};
      const sizes = batches === undefined ? {} : { batches };
      return new DsiSystem({ runtime, geometry, trie, search, parameters, ...encoder, ...sizes });
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
    model,
    async system(name) {
      if (!manifest.systems.includes(name)) throw missingSystem(folder, manifest, name);
      const system = systems.get(name) ?? make[name]();
      systems.set(name, system);
      return await system;
    },
    async shown(query) {
      const { geometry } = await model();
      return geometry.stem === 'encoder' ? await (await queryEncoder()).embed([query]) : query.pixels;
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
