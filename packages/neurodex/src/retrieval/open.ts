import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Runtime } from '@neurodex/autograd';
import { type Catalogue, withRole } from '../catalogue/catalogue.ts';
import { openCatalogue } from '../catalogue/store.ts';
import { SCHEMES } from '../identifiers/schemes.ts';
import { Trie } from '../identifiers/trie.ts';
import { type DsiModel, deserialiseModel } from '../models/dsi/model.ts';
import { DsiSystem } from './dsi.ts';
import { CATALOGUE_FOLDER, damaged, type IndexManifest, MODEL_FILE, readIndexManifest } from './manifest.ts';
import { PixelsSystem } from './pixels.ts';
import type { System } from './system.ts';

export const SYSTEMS = ['dsi', 'pixels'] as const;
export type SystemName = (typeof SYSTEMS)[number];

/** An index ready to be searched. */
export interface Index {
  readonly folder: string;
  readonly manifest: IndexManifest;
  readonly catalogue: Catalogue;
  readonly trie: Trie;
  readonly model: DsiModel;
  /** Made when first asked for. */
  system(name: SystemName): System;
  close(): Promise<void>;
}

/**
 * Opens the folder that a training run left: what it holds, its pictures, the identifiers' trie and the network.
 * @throws NeurodexError `index-missing`, `index-damaged`, `index-newer`
 */
export async function openIndex(folder: string, runtime: Runtime): Promise<Index> {
  const manifest = await readIndexManifest(folder);
  const catalogue = await openCatalogue(join(folder, CATALOGUE_FOLDER));
  const trie = trieOf(catalogue, manifest);
  const model = await readModel(folder, manifest);
  if (model.geometry.size !== catalogue.size || model.geometry.tokens < trie.maxDepth) {
    throw damaged(join(folder, MODEL_FILE), 'belongs to another catalogue');
  }
  const systems = new Map<SystemName, System>();
  const dsi = new DsiSystem({
    runtime,
    geometry: model.geometry,
    trie,
    search: manifest.config.retrieval,
    parameters: model.parameters,
  });
  const make = (name: SystemName): System => (name === 'dsi' ? dsi : new PixelsSystem(catalogue));
  return {
    folder,
    manifest,
    catalogue,
    trie,
    model,
    system(name) {
      const system = systems.get(name) ?? make(name);
      systems.set(name, system);
      return system;
    },
    close: () => dsi.close(),
  };
}

/** The trie of the catalogue's identifiers; its leaves are rows. */
export function trieOf(catalogue: Catalogue, { config }: Pick<IndexManifest, 'config'>): Trie {
  const pictures = withRole(catalogue, 'catalogue');
  const scheme = SCHEMES[config.identifiers.scheme];
  return new Trie(
    scheme,
    pictures.map(({ identifier }) => identifier ?? ''),
    pictures.map(({ row }) => row),
  );
}

export async function readModel(folder: string, { model }: IndexManifest): Promise<DsiModel> {
  const file = join(folder, model.file);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw damaged(file, 'cannot be read', error);
  }
  if (createHash('sha256').update(bytes).digest('hex') !== model.sha256)
    throw damaged(file, 'is not the file that was written');
  return deserialiseModel(bytes, file);
}
