import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { damaged } from '@neurodex/core/storage';
import { writeRows } from '../dsi/model/memory.ts';
import { type DsiModel, deserialiseModel, type StoredModel } from '../dsi/model/model-file.ts';
import { PrefixTable } from '../dsi/model/prefix-table.ts';
import { areFinite } from '../dsi/model/read-parameters.ts';
import { identifierLength } from '../identifiers/encode.ts';
import type { Trie } from '../identifiers/trie.ts';
import type { PictureStore } from '../pictures/picture-store.ts';
import { modelInput } from '../query/model-inputs.ts';
import type { StoredPictures } from './catalogue-store.ts';
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
export async function readNetwork(files: IndexFiles, store: StoredPictures, trie: Trie): Promise<Network> {
  const { manifest, folder } = files;
  if (manifest.model === undefined) throw missingSystem(folder, manifest, 'dsi');
  const file = files.pathOf(manifest.model);
  const stored = deserialiseModel(await files.read(manifest.model), file);
  // As in `openArtifact`, searches have their turn between two steps.
  await setImmediate();
  const length = identifierLength(trie.scheme, identifiersOf(store));
  const table = tableOf(trie, stored, file);
  await setImmediate();
  const model = stored.geometry.output === 'memory' ? await remembering(stored, store, table, length, file) : stored;
  const { geometry } = model;
  const { size: vocabulary, pad } = trie.scheme.vocabulary;
  if (geometry.input === 'tokens') throw damaged(file, 'holds a network that reads text');
  if (
    geometry.imageSize !== store.size ||
    geometry.maxIdentifierLength !== length ||
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

/**
 * The network with a memory of the pictures that are in the catalogue now: its rows follow from their states, and so they are
 * in no file.
 */
async function remembering(
  { geometry, parameters, temperature }: StoredModel,
  store: StoredPictures,
  table: PrefixTable,
  length: number,
  file: string,
): Promise<DsiModel> {
  const states = store.states();
  const { width } = geometry;
  if (states === undefined || temperature === undefined || states.length !== store.rows.length * width)
    throw damaged(file, 'belongs to another catalogue');
  if (!areFinite(states)) throw damaged(file, 'is of a catalogue whose states are not finite');
  await setImmediate();
  return {
    geometry: { ...geometry, embeddingRows: table.size, maxIdentifierLength: length },
    parameters,
    prefixes: table.stored,
    memory: { rows: writeRows(table, states, width, (row) => row), temperature },
  };
}

function tableOf(trie: Trie, { prefixes, geometry }: StoredModel, file: string): PrefixTable {
  try {
    if (geometry.output === 'memory') return PrefixTable.create(trie, 'memory');
    return PrefixTable.restore(trie, prefixes, 'prefix');
  } catch (error) {
    throw damaged(file, 'belongs to another catalogue', error);
  }
}

const identifiersOf = (store: Pick<PictureStore, 'catalogue'>): string[] =>
  store.catalogue.flatMap(({ identifier }) => identifier ?? []);

/** @throws NeurodexError `system-missing`, `index-damaged` */
export async function readModel(folder: string, manifest: IndexManifest): Promise<StoredModel> {
  if (manifest.model === undefined) throw missingSystem(folder, manifest, 'dsi');
  return deserialiseModel(await readListed(folder, manifest.model), join(folder, manifest.model.file));
}
