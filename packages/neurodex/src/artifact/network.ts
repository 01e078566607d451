import { join } from 'node:path';
import { damaged } from '@neurodex/core/storage';
import { type DsiModel, deserialiseModel } from '../dsi/model/model-file.ts';
import { PrefixTable } from '../dsi/model/prefix-table.ts';
import { identifierLength } from '../identifiers/encode.ts';
import type { Trie } from '../identifiers/trie.ts';
import type { PictureStore } from '../pictures/picture-store.ts';
import { modelInput } from '../query/model-inputs.ts';
import type { IndexFiles } from './index-files.ts';
import { type IndexManifest, missingSystem, readListed } from './manifest.ts';

/** A trained network, and the rows of its tables that stand for the prefixes of the catalogue's identifiers. */
export interface Network {
  readonly model: DsiModel;
  readonly table: PrefixTable;
}

/**
 * The network of an index. @throws NeurodexError `system-missing`; `index-damaged` when it belongs to another catalogue
 */
export async function readNetwork(files: IndexFiles, store: PictureStore, trie: Trie): Promise<Network> {
  const { manifest, folder } = files;
  if (manifest.model === undefined) throw missingSystem(folder, manifest, 'dsi');
  const file = files.pathOf(manifest.model);
  const model = deserialiseModel(await files.read(manifest.model), file);
  const { geometry } = model;
  const { size: vocabulary, pad } = trie.scheme.vocabulary;
  const table = tableOf(trie, model, file);
  if (
    geometry.imageSize !== store.size ||
    geometry.maxIdentifierLength !== identifierLength(trie.scheme, identifiersOf(store)) ||
    geometry.embeddingRows !== table.size ||
    geometry.vocabulary !== vocabulary ||
    geometry.pad !== pad
  ) {
    throw damaged(file, 'belongs to another catalogue');
  }
  const isOther = (facts: { readonly tokens: number; readonly channels: number } | undefined): boolean =>
    facts?.tokens !== geometry.sequenceLength || facts.channels !== geometry.channels;
  if (modelInput(geometry).needsBackbone && (isOther(manifest.encoder) || isOther(store.embeddings))) {
    throw damaged(file, 'was trained behind another encoder');
  }
  return { model, table };
}

function tableOf(trie: Trie, { prefixes, geometry }: DsiModel, file: string): PrefixTable {
  try {
    return PrefixTable.restore(trie, prefixes, geometry.output === 'memory' ? 'memory' : 'prefix');
  } catch (error) {
    throw damaged(file, 'belongs to another catalogue', error);
  }
}

const identifiersOf = (store: Pick<PictureStore, 'catalogue'>): string[] =>
  store.catalogue.flatMap(({ identifier }) => identifier ?? []);

/** @throws NeurodexError `system-missing`, `index-damaged` */
export async function readModel(folder: string, manifest: IndexManifest): Promise<DsiModel> {
  if (manifest.model === undefined) throw missingSystem(folder, manifest, 'dsi');
  return deserialiseModel(await readListed(folder, manifest.model), join(folder, manifest.model.file));
}
