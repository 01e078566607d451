import { Random, type Runtime } from '@neurodex/autograd';
import { defined, type Reporter, throwIfInterrupted } from '@neurodex/core';
import { trieOf } from '../artifact/trie-of.ts';
import type { Config } from '../config.ts';
import { geometryOf } from '../dsi/model/geometry.ts';
import { DEFAULT_TEMPERATURE, writeRows } from '../dsi/model/memory.ts';
import { PrefixTable } from '../dsi/model/prefix-table.ts';
import type { DsiModel } from '../dsi/model/serialise-model.ts';
import { identifierLength } from '../identifiers/encode.ts';
import type { QueryEncoder } from '../models/encoder/query-encoder.ts';
import type { PictureStore } from '../pictures/picture-store.ts';
import { Calibration } from './calibrate.ts';

/** What a memory is written from. */
export interface MemorySource {
  readonly config: Config;
  readonly seed: number;
  readonly runtime: Runtime;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
  /** Its catalogue pictures have identifiers. */
  readonly store: PictureStore;
  /** In front of the network, where it reads embeddings. */
  readonly backbone: QueryEncoder | undefined;
  /** Of the network that sees. */
  readonly parameters: Float32Array;
  /** Of all rows, float32 [rows, D]; those of the catalogue are moved to its beginning. */
  readonly states: Float32Array;
}

/** The network with its memory, and what measures how well its probabilities can be believed. */
export async function writeMemory(source: MemorySource) {
  const { config, seed, runtime, reporter, signal, store, backbone, parameters } = source;
  const began = performance.now();
  const trie = trieOf(store, { config });
  const table = PrefixTable.create(trie, 'memory');
  const length = identifierLength(
    trie.scheme,
    store.catalogue.map(({ identifier }) => identifier ?? ''),
  );
  const geometry = geometryOf(config, trie.scheme.vocabulary, length, {
    embeddingRows: table.size,
    backbone: backbone === undefined ? undefined : store.embeddings,
  });
  const positions = new Map(store.catalogue.map(({ row }, position) => [row, position]));
  const positionOf = (row: number): number => defined(positions.get(row), 'the place of a row');
  const states = ofCatalogue(source.states, store, geometry.width);
  const rows = writeRows(table, states, geometry.width, positionOf);
  const seconds = (performance.now() - began) / 1000;
  reporter.info(`write: ${table.size} rows in ${seconds.toFixed(1)} s`);
  throwIfInterrupted(signal);
  const calibration = new Calibration(
    { store, runtime, geometry, parameters, states, positionOf, backbone },
    Random.stream(seed, 'calibration'),
  );
  const temperature = (await calibration.temperature()) ?? DEFAULT_TEMPERATURE;
  const model: DsiModel = { geometry, parameters, prefixes: table.stored, memory: { rows, temperature } };
  return { model, table, calibration };
}

/** The states of the catalogue pictures alone, float32 [N, D], in the same memory. @param states float32 [rows, D] */
function ofCatalogue(states: Float32Array, { catalogue }: PictureStore, width: number): Float32Array {
  for (const [place, { row }] of catalogue.entries()) {
    if (row !== place) states.copyWithin(place * width, row * width, (row + 1) * width);
  }
  return states.subarray(0, catalogue.length * width);
}
