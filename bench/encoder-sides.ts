import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, silentReporter } from '@neurodex/core';
import { type Dataset, openFolder, type SourcePicture } from '@neurodex/datasets';
import { resolveConfiguration } from '../packages/neurodex/src/cli/configuration.ts';
import { rowFor } from '../packages/neurodex/src/dsi/model/memory.ts';
import { StateEncoder } from '../packages/neurodex/src/dsi/search/state-encoder.ts';
import { evaluateInFull } from '../packages/neurodex/src/evaluation/compare.ts';
import type { SystemEvaluation } from '../packages/neurodex/src/evaluation/evaluate.ts';
import { queriesOf } from '../packages/neurodex/src/evaluation/queries.ts';
import { parseMeasure } from '../packages/neurodex/src/evaluation/registry.ts';
import { createIndex } from '../packages/neurodex/src/jobs/create-index.ts';
import { topK } from '../packages/neurodex/src/query/answers.ts';
import { pictureQueries } from '../packages/neurodex/src/query/query.ts';
import type { System, SystemName } from '../packages/neurodex/src/query/system.ts';
import { type Index, openIndex } from '../packages/neurodex/src/systems/open-index.ts';
import { dot } from '../packages/neurodex/src/systems/vector-search.ts';

/** Parts that the photographs are divided into: each is the queries of one index, and the others are its catalogue. */
export const FOLDS = 3;

/** What one index gave. */
export interface Fold {
  readonly catalogue: number;
  readonly queries: number;
  readonly steps: number;
  readonly seconds: number;
  /** By system and measure, one value for each query; of IA@1, for each catalogue picture. */
  readonly values: Readonly<Record<string, Readonly<Record<Measure, readonly number[]>>>>;
}

export const MEASURES = ['P@10', 'Success@1', 'IA@1'] as const;
export type Measure = (typeof MEASURES)[number];

/** A folder of classes whose pictures are queries where their number within the class is `fold`, counted by threes. */
async function foldOf(folder: string, fold: number): Promise<Dataset> {
  const all = await openFolder(folder);
  const seen = new Map<string, number>();
  const pictures = all.pictures.map((picture): SourcePicture => {
    const [label = ''] = picture.labels;
    const number = seen.get(label) ?? 0;
    seen.set(label, number + 1);
    return { ...picture, role: number % FOLDS === fold ? 'test' : 'catalogue' };
  });
  return { ...all, pictures };
}

export interface FoldOptions {
  readonly folder: string;
  readonly out: string;
  readonly fold: number;
  readonly settings: readonly string[];
  readonly systems: readonly SystemName[];
}

/** Makes the index of a fold, and searches it with its queries. */
export async function runFold({ folder, out, fold, settings, systems }: FoldOptions): Promise<Fold> {
  const config = await resolveConfiguration({ preset: 'default', settings, cwd: process.cwd() });
  const dataset = await foldOf(folder, fold);
  const began = performance.now();
  const { steps, catalogue } = await createIndex({
    dataset,
    out,
    config,
    systems,
    seed: fold,
    force: true,
    device: 'cpu',
    reporter: silentReporter,
  });
  const seconds = (performance.now() - began) / 1000;
  const index = await openIndex(out, nodeRuntime());
  const states = await StateNeighbours.open(index);
  try {
    const { store } = index;
    const opened = await Promise.all(systems.map((name) => index.system(name)));
    const queries = queriesOf(store, 'test');
    const { evaluations } = await evaluateInFull({
      systems: [...opened, states],
      store,
      queries,
      measures: MEASURES.map(parseMeasure),
    });
    return { catalogue, queries: queries.length, steps, seconds, values: valuesOf(evaluations) };
  } finally {
    await states.close();
    await index.close();
  }
}

const valuesOf = (evaluations: readonly SystemEvaluation[]): Fold['values'] =>
  Object.fromEntries(
    evaluations.map(({ system, perQuery }) => {
      const of = (measure: Measure): number[] => [...(perQuery.get(measure)?.values() ?? [])];
      return [system, { 'P@10': of('P@10'), 'Success@1': of('Success@1'), 'IA@1': of('IA@1') }];
    }),
  );

/** Cosine between the state of a query and those that the memory was written from, each compared: no tree, no probabilities. */
class StateNeighbours implements System {
  readonly name = 'states';
  readonly memorises = true;
  private readonly index: Index;
  private readonly encoder: StateEncoder;
  private readonly width: number;
  /** Unit vectors, and the rows that they are of. */
  private readonly states: Float32Array;
  private readonly rows: readonly number[];

  private constructor(
    index: Index,
    encoder: StateEncoder,
    width: number,
    states: Float32Array,
    rows: readonly number[],
  ) {
    this.index = index;
    this.encoder = encoder;
    this.width = width;
    this.states = states;
    this.rows = rows;
  }

  static async open(index: Index): Promise<StateNeighbours> {
    const { model, table } = await index.network();
    const { width } = model.geometry;
    const memory = defined(model.memory, 'the memory');
    const leaves = [...table.trie.leaves()];
    const states = new Float32Array(leaves.length * width);
    for (const [i, leaf] of leaves.entries()) {
      const from = rowFor(table, leaf) * width;
      states.set(memory.rows.subarray(from, from + width), i * width);
    }
    const encoder = await StateEncoder.create(nodeRuntime(), model.geometry, 1, model.parameters);
    const rows = leaves.map((leaf) => defined(table.trie.row(leaf), 'a picture'));
    return new StateNeighbours(index, encoder, width, states, rows);
  }

  async rank(queries: Parameters<System['rank']>[0], k: number): ReturnType<System['rank']> {
    const found = [];
    for (const query of pictureQueries(queries)) {
      const state = await this.encoder.encode(await this.index.input(query));
      const all = this.rows.map((row, i) => ({ row, score: dot(state, this.states, i * this.width) }));
      found.push(topK(all, k));
    }
    return found;
  }

  close(): Promise<void> {
    return this.encoder.release();
  }
}
