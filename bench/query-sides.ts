import { setTimeout } from 'node:timers/promises';
import { initialParameters, loadable, Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined } from '@neurodex/core';
import { scoringGraphs } from '../packages/neurodex/src/dsi/graphs/scoring-export.ts';
import { geometryOf } from '../packages/neurodex/src/dsi/model/geometry.ts';
import { writeRows } from '../packages/neurodex/src/dsi/model/memory.ts';
import { dsiParameters, parameterArrays } from '../packages/neurodex/src/dsi/model/parameters.ts';
import { PrefixTable } from '../packages/neurodex/src/dsi/model/prefix-table.ts';
import { DsiSystem } from '../packages/neurodex/src/dsi/search/dsi-system.ts';
import { StateEncoder } from '../packages/neurodex/src/dsi/search/state-encoder.ts';
import { identifierLength } from '../packages/neurodex/src/identifiers/encode.ts';
import { numeric } from '../packages/neurodex/src/identifiers/numeric.ts';
import { semantic } from '../packages/neurodex/src/identifiers/semantic.ts';
import { Trie } from '../packages/neurodex/src/identifiers/trie.ts';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import { ApproximateVectorSearch } from '../packages/neurodex/src/systems/approximate-search.ts';
import { ExactVectorSearch, normalised } from '../packages/neurodex/src/systems/vector-search.ts';
import { median } from './statistics.ts';

/** What `query` measures: searches for one picture, in this process. */

/** Answers to a query. */
export const ANSWERS = 10;
export const BEAM = 10;
/** What is measured in a row before it is another side's turn; its median is the value of the round. */
const QUERIES = 30;
/** Milliseconds between two sides. */
const REST = 50;
/** Of the vectors that cosine compares: the width of both networks. */
const VECTOR = 128;
/** Of written memories: about what calibration finds. */
const TEMPERATURE = 100;
/** Clusters of the vectors. */
const CLUSTERS = 50;

export type Call = () => Promise<unknown>;

export interface Search {
  readonly call: Call;
  /** The network alone, for the same picture. */
  encoder(): Promise<Call>;
  close(): Promise<void>;
}

const noThumbnail = () => Promise.reject(new Error('there is no thumbnail'));

/** An untrained network that writes identifiers token by token, over n pictures, and one picture. */
export function searchOf(network: 'seed' | 'joint', n: number, exactUpTo: number): Search {
  const preset = PRESETS[network];
  const random = Random.seeded(1);
  const entries = Array.from({ length: n }, (_, i) => ({ path: `${i}.png`, labels: [] }));
  const { zeroPadding } = preset.identifiers;
  const identifiers = numeric.assign(entries, { order: 'clustered', zeroPadding }, random);
  const trie = new Trie(numeric, identifiers);
  const table = PrefixTable.create(trie, preset.model.embedding);
  const length = identifierLength(numeric, identifiers);
  const geometry = geometryOf(preset, numeric.vocabulary, length, { embeddingRows: table.size });
  const parameters = initialParameters(dsiParameters(geometry), random);
  const pixels = new Uint8Array(geometry.imageSize ** 2 * 3);
  random.fillBytes(pixels);
  const runtime = nodeRuntime();
  const system = new DsiSystem({ runtime, geometry, table, search: { exactUpTo, beam: BEAM }, parameters });
  const query = [{ kind: 'picture' as const, pixels, thumbnail: noThumbnail }];
  return {
    call: () => system.rank(query, ANSWERS),
    // The patches alone, to the last keys and values.
    encoder: async () => {
      const session = await runtime.load(
        loadable(scoringGraphs(geometry, 1, 1, parameterArrays(geometry, parameters)).encoder),
      );
      return () => session.run({ pictures: pixels });
    },
    close: () => system.close(),
  };
}

/** An untrained network of the preset `default` with a written memory of n random states, and one picture. */
export function writtenSearchOf(n: number, exactUpTo: number): Search {
  const preset = PRESETS.default;
  const { branching } = preset.identifiers;
  const { beam } = preset.retrieval;
  const random = Random.seeded(1);
  const scheme = semantic(branching);
  const length = Math.max(1, Math.ceil(Math.log(n) / Math.log(branching)));
  const identifiers = Array.from({ length: n }, (_, i) =>
    scheme.fromTokens(Array.from({ length }, (_, at) => Math.floor(i / branching ** (length - 1 - at)) % branching)),
  );
  const table = PrefixTable.create(new Trie(scheme, identifiers), 'memory');
  const geometry = geometryOf(preset, scheme.vocabulary, identifierLength(scheme, identifiers), {
    embeddingRows: table.size,
  });
  const { width } = geometry;
  const states = normalised(
    Float32Array.from({ length: n * width }, () => random.normal()),
    width,
  );
  const rows = writeRows(table, states, width, (row) => row);
  const parameters = initialParameters(dsiParameters(geometry), random);
  const pixels = new Uint8Array(geometry.imageSize ** 2 * 3);
  random.fillBytes(pixels);
  const runtime = nodeRuntime();
  const memory = { rows, temperature: TEMPERATURE };
  const system = new DsiSystem({ runtime, geometry, table, search: { exactUpTo, beam }, parameters, memory });
  const query = [{ kind: 'picture' as const, pixels, thumbnail: noThumbnail }];
  return {
    call: () => system.rank(query, ANSWERS),
    encoder: async () => {
      const encoder = await StateEncoder.create(runtime, geometry, 1, parameters);
      return () => encoder.encode(pixels);
    },
    close: () => system.close(),
  };
}

/** Cosine over n vectors that are there: every one of them, or those that usearch looks at. A query would have to be encoded before. */
export async function cosineOver(n: number): Promise<{ exact: Call; approximate: Call }> {
  const { unit, query } = vectorsOf(n);
  const exact = new ExactVectorSearch(unit, VECTOR);
  const approximate = await ApproximateVectorSearch.build(unit, VECTOR);
  return {
    exact: async () => exact.nearest(query, ANSWERS),
    approximate: async () => approximate.nearest(query, ANSWERS),
  };
}

/** Vectors in clusters, as embeddings of classes are; float32 [n, VECTOR], and one like them. */
function vectorsOf(n: number): { unit: Float32Array; query: Float32Array } {
  const random = Random.seeded(n);
  const centres = Array.from({ length: CLUSTERS }, () => Float32Array.from({ length: VECTOR }, () => random.normal()));
  const near = (i: number) => defined(centres[i % CLUSTERS], 'a centre').map((value) => value + random.normal());
  const unit = new Float32Array(n * VECTOR);
  for (let i = 0; i < n; i++) unit.set(near(i), i * VECTOR);
  return { unit: normalised(unit, VECTOR), query: near(0) };
}

/** Seconds of one call: the median of several in a row, after some that are not counted: many the first time. */
export const timed = (call: Call) => {
  let before = 100;
  return async (): Promise<number> => {
    // The threads of the side before may still be spinning, on the cores that this one needs.
    await setTimeout(REST);
    const seconds: number[] = [];
    for (let i = -before; i < QUERIES; i++) {
      const start = performance.now();
      await call();
      if (i >= 0) seconds.push((performance.now() - start) / 1000);
    }
    before = 5;
    return median(seconds);
  };
};
