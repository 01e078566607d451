import { adamW, learningRateAt, Random, type Runtime, Trainer, TrainingState } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined } from '@neurodex/core';
import type { Config } from '../packages/neurodex/src/config.ts';
import { trainingStep } from '../packages/neurodex/src/dsi/graphs/training.ts';
import { type Geometry, geometryOf } from '../packages/neurodex/src/dsi/model/geometry.ts';
import { PrefixTable } from '../packages/neurodex/src/dsi/model/prefix-table.ts';
import { DsiSystem } from '../packages/neurodex/src/dsi/search/dsi-system.ts';
import { numeric } from '../packages/neurodex/src/identifiers/numeric.ts';
import { Trie } from '../packages/neurodex/src/identifiers/trie.ts';
import { type PictureStore, partsOf, type StoredPicture } from '../packages/neurodex/src/pictures/picture-store.ts';
import { topK } from '../packages/neurodex/src/query/answers.ts';
import type { System } from '../packages/neurodex/src/query/system.ts';
import { BatchMaker, type BatchSource } from '../packages/neurodex/src/training/batch-maker.ts';
import type { Phase } from '../packages/neurodex/src/training/plan.ts';
import type { Cell } from './quality-cells.ts';

/** One classifier for all cells of the same pictures: it knows no identifiers. */
export class Classifiers {
  private readonly runtime = nodeRuntime();
  private readonly trained = new Map<string, System>();

  async of({ pictures, size, seed }: Cell, store: PictureStore, config: Config, budget: Budget): Promise<System> {
    const key = `${pictures} ${size} ${seed} ${budget.steps}`;
    const known = this.trained.get(key) ?? (await classifier(this.runtime, store, config, budget));
    this.trained.set(key, known);
    return known;
  }

  async close(): Promise<void> {
    for (const system of this.trained.values()) await system.close();
  }
}

interface Budget {
  readonly steps: number;
  readonly seed: number;
}

/**
 * A plain classifier of the same network: one digit or more that names the class, learned from all labelled pictures that
 * the DSI learns from, for the same number of steps. It ranks the catalogue by the probability of each picture's class.
 */
async function classifier(runtime: Runtime, store: PictureStore, config: Config, budget: Budget): Promise<System> {
  const classes = classesOf(store.catalogue);
  const { rowOf, representatives, names } = classes;
  const trie = new Trie(
    numeric,
    names,
    representatives.map(({ row }) => row),
  );
  const table = PrefixTable.create(trie, 'token');
  const geometry = geometryOf(config, numeric.vocabulary, trie.maxDepth);
  const source = sourceOf(store, { table, geometry, config }, classes);
  const parameters = await trainClassifier(runtime, source, config, budget);
  const network = new DsiSystem({ runtime, geometry, table, search: config.retrieval, parameters });
  return {
    name: 'classifier',
    memorises: false,
    async rank(asked, k) {
      const ranked = await network.rank(asked, representatives.length);
      return ranked.map((answers) => {
        const score = new Map(answers.map(({ row, score }) => [row, score]));
        return topK(
          store.catalogue.map((picture) => ({
            row: picture.row,
            score: score.get(rowOf(picture)) ?? Number.NEGATIVE_INFINITY,
          })),
          k,
        );
      });
    },
    close: () => network.close(),
  };
}

/** The classes of a catalogue in the order of their first pictures, which stand for them. */
interface Classes {
  readonly representatives: readonly StoredPicture[];
  /** Digits, class by class. */
  readonly names: readonly string[];
  /** The row that stands for the class of a picture. */
  rowOf(picture: StoredPicture): number;
}

const labelOf = ({ labels }: StoredPicture): string => labels[0] ?? '';

function classesOf(catalogue: readonly StoredPicture[]): Classes {
  const first = new Map<string, StoredPicture>();
  for (const picture of catalogue) if (!first.has(labelOf(picture))) first.set(labelOf(picture), picture);
  const representatives = [...first.values()];
  const digits = String(representatives.length - 1).length;
  return {
    representatives,
    names: representatives.map((_, i) => String(i).padStart(digits, '0')),
    rowOf: (picture) => defined(first.get(labelOf(picture)), `the class of ${picture.path}`).row,
  };
}

/** One picture of each class stands for it; all others are queries for their class. */
function sourceOf(
  store: PictureStore,
  { table, geometry, config }: { readonly table: PrefixTable; readonly geometry: Geometry; readonly config: Config },
  { representatives, names, rowOf }: Classes,
): BatchSource {
  const shown = new Map(representatives.map(({ row }, i) => [row, names[i]]));
  const rows = store.rows.map((picture): StoredPicture => {
    const { identifier: _, ...rest } = picture;
    const name = shown.get(picture.row);
    if (name !== undefined) return { ...rest, identifier: name };
    return picture.role === 'catalogue' ? { ...rest, role: 'train' } : rest;
  });
  const reduced: PictureStore = { ...store, ...partsOf(rows) };
  const queries = [...reduced.queries('train'), ...representatives].map((picture) => ({
    picture,
    task: 'retrieval' as const,
    relevant: [rowOf(picture)],
  }));
  return {
    store: reduced,
    table,
    geometry,
    examples: { queries, selfQueries: queries },
    config: { ...config, training: { ...config.training, selfQueryFraction: 0 } },
  };
}

/**
 * Steps of retrieval alone, and no validation between them. `train` plans its steps from a number of epochs, asks no query
 * that is its own answer, and keeps the best of the networks that it validated; here the last one counts.
 * @returns the parameters, float32
 */
async function trainClassifier(
  runtime: Runtime,
  source: BatchSource,
  { model, training }: Config,
  { steps, seed }: Budget,
): Promise<Float32Array> {
  const { batchSize: B, learningRate, schedule: kind, warmupFraction, weightDecay, gradientClip } = training;
  const schedule = { learningRate, kind, warmupSteps: Math.round(warmupFraction * steps), steps };
  const phase: Phase = { name: 'retrieval', mix: { indexing: 0, retrieval: B }, steps, identifiers: 1, schedule };
  const maker = new BatchMaker(source, phase, Random.stream(seed, 'classifier'));
  const optimizer = adamW({ weightDecay, clip: gradientClip });
  const definition = trainingStep({
    geometry: source.geometry,
    batch: B,
    dropout: model.dropout,
    objective: maker.objective,
    optimizer,
  });
  const trainer = await Trainer.create(runtime, definition);
  const state = TrainingState.initial(definition.parameters, optimizer, seed);
  const batch = maker.allocate();
  for (let step = 1; step <= steps; step++) {
    maker.fill(batch);
    const feeds = { input: batch.input, ...batch.targets };
    await trainer.step(state, feeds, { learningRate: learningRateAt(schedule, step) });
  }
  await trainer.release();
  return state.parameters.slice();
}
