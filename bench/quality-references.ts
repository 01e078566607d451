import {
  adamW,
  learningRateAt,
  loadable,
  Random,
  type Runtime,
  type Session,
  Trainer,
  TrainingState,
} from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import type { Config } from '../packages/neurodex/src/config.ts';
import { scoringGraphs } from '../packages/neurodex/src/dsi/graphs/scoring-export.ts';
import { trainingStep } from '../packages/neurodex/src/dsi/graphs/training.ts';
import { type Geometry, geometryOf } from '../packages/neurodex/src/dsi/model/geometry.ts';
import type { DsiModel } from '../packages/neurodex/src/dsi/model/model-file.ts';
import { parameterArrays } from '../packages/neurodex/src/dsi/model/parameters.ts';
import { PrefixTable } from '../packages/neurodex/src/dsi/model/prefix-table.ts';
import { DsiSystem } from '../packages/neurodex/src/dsi/search/dsi-system.ts';
import { numeric } from '../packages/neurodex/src/identifiers/numeric.ts';
import { Trie } from '../packages/neurodex/src/identifiers/trie.ts';
import { type PictureStore, partsOf, type StoredPicture } from '../packages/neurodex/src/pictures/picture-store.ts';
import type { Answer } from '../packages/neurodex/src/query/answers.ts';
import { topK } from '../packages/neurodex/src/query/answers.ts';
import type { Query } from '../packages/neurodex/src/query/query.ts';
import type { System } from '../packages/neurodex/src/query/system.ts';
import { dot, normalised } from '../packages/neurodex/src/systems/vector-search.ts';
import { BatchMaker } from '../packages/neurodex/src/training/batch-maker.ts';
import type { Phase } from '../packages/neurodex/src/training/plan.ts';
import type { Cell } from './quality-cells.ts';

const BATCH = 32;

/**
 * k-nearest-neighbour search over what the DSI's own encoder makes of the pictures: the mean over patches of the last
 * block's values, compared by cosine. What the identifiers cost or give beside it is the decoder's doing.
 */
export class EmbeddingSystem implements System {
  readonly name = 'embedding';
  readonly memorises = true;
  private readonly encoder: Session;
  private readonly geometry: Geometry;
  private readonly rows: readonly number[];
  private readonly vectors: Float32Array;

  private constructor(encoder: Session, geometry: Geometry, rows: readonly number[], vectors: Float32Array) {
    this.encoder = encoder;
    this.geometry = geometry;
    this.rows = rows;
    this.vectors = vectors;
  }

  static async create(runtime: Runtime, { geometry, parameters }: DsiModel, store: PictureStore): Promise<System> {
    const { encoder: graph } = scoringGraphs(
      geometry,
      BATCH,
      geometry.maxIdentifierLength,
      parameterArrays(geometry, parameters),
    );
    const encoder = await runtime.load(loadable(graph, { contrib: runtime.contrib }));
    const pictures = store.catalogue;
    const bytes = geometry.imageSize ** 2 * 3;
    const vectors = await embed(
      encoder,
      geometry,
      pictures.map(({ row }) => store.pixels.subarray(row * bytes, (row + 1) * bytes)),
    );
    return new EmbeddingSystem(
      encoder,
      geometry,
      pictures.map(({ row }) => row),
      vectors,
    );
  }

  async rank(queries: readonly Query[], k: number): Promise<Answer[][]> {
    const { width } = this.geometry;
    const asked = await embed(
      this.encoder,
      this.geometry,
      queries.map(({ pixels }) => pixels),
    );
    return queries.map((_, i) => {
      const query = asked.subarray(i * width, (i + 1) * width);
      return topK(
        this.rows.map((row, at) => ({ row, score: dot(query, this.vectors, at * width) })),
        k,
      );
    });
  }

  close(): Promise<void> {
    return this.encoder.release();
  }
}

/** Unit vectors, float32 [n, D]. */
async function embed(encoder: Session, geometry: Geometry, pictures: readonly Uint8Array[]): Promise<Float32Array> {
  const { sequenceLength: P, width: D, layers, imageSize: size } = geometry;
  const bytes = size ** 2 * 3;
  const out = new Float32Array(pictures.length * D);
  for (let start = 0; start < pictures.length; start += BATCH) {
    const batch = pictures.slice(start, start + BATCH);
    const shown = new Uint8Array(BATCH * bytes);
    batch.forEach((pixels, b) => void shown.set(pixels, b * bytes));
    const values = (await encoder.run({ pictures: shown }))[`values${layers - 1}`] as Float32Array;
    batch.forEach((_, b) => {
      for (let p = 0; p < P; p++) {
        for (let d = 0; d < D; d++) {
          const at = (start + b) * D + d;
          out[at] = (out[at] as number) + (values[(p * BATCH + b) * D + d] as number);
        }
      }
    });
  }
  return normalised(out, D);
}

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
async function classifier(
  runtime: Runtime,
  store: PictureStore,
  config: Config,
  { steps, seed }: Budget,
): Promise<System> {
  const indexed = store.catalogue;
  const classes = [...new Set(indexed.map(({ labels }) => labels[0] ?? ''))];
  const names = classes.map((_, i) => String(i).padStart(String(classes.length - 1).length, '0'));
  const representatives = classes.map((label) => indexed.find(({ labels }) => labels[0] === label) as StoredPicture);
  const rowOf = new Map(classes.map((label, i) => [label, (representatives[i] as StoredPicture).row]));
  const shown = new Map(representatives.map((picture, i) => [picture.row, names[i] as string]));
  // One picture of each class stands for it; all others are queries for their class.
  const pictures = store.rows.map((picture): StoredPicture => {
    const { identifier: _, ...rest } = picture;
    const name = shown.get(picture.row);
    if (name !== undefined) return { ...rest, identifier: name };
    return picture.role === 'catalogue' ? { ...rest, role: 'train' } : rest;
  });
  const reduced: PictureStore = { ...store, ...partsOf(pictures) };
  const trie = new Trie(
    numeric,
    names,
    representatives.map(({ row }) => row),
  );
  const table = PrefixTable.create(trie, 'token');
  const geometry = geometryOf(config, numeric.vocabulary, trie.maxDepth);
  const B = config.training.batchSize;
  const { learningRate, schedule: kind, warmupFraction, weightDecay, gradientClip } = config.training;
  const schedule = { learningRate, kind, warmupSteps: Math.round(warmupFraction * steps), steps };
  const phase: Phase = { name: 'retrieval', mix: { indexing: 0, retrieval: B }, steps, identifiers: 1, schedule };
  const example = (picture: StoredPicture) => ({
    picture,
    task: 'retrieval' as const,
    relevant: [rowOf.get(picture.labels[0] ?? '') as number],
  });
  const queries = [...reduced.queries('train'), ...representatives].map(example);
  const examples = { queries, selfQueries: queries };
  const maker = new BatchMaker(
    {
      store: reduced,
      table,
      geometry,
      examples,
      config: { ...config, training: { ...config.training, selfQueryFraction: 0 } },
    },
    phase,
    Random.stream(seed, 'classifier'),
  );
  const optimizer = adamW({ weightDecay, clip: gradientClip });
  const definition = trainingStep({
    geometry,
    batch: B,
    dropout: config.model.dropout,
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
  const parameters = state.parameters.slice();
  const network = new DsiSystem({ runtime, geometry, table, search: config.retrieval, parameters });
  return {
    name: 'classifier',
    memorises: false,
    async rank(asked, k) {
      const classesOf = await network.rank(asked, classes.length);
      return classesOf.map((answers) => {
        const score = new Map(answers.map(({ row, score }) => [row, score]));
        return topK(
          indexed.map(({ row, labels }) => ({
            row,
            score: score.get(rowOf.get(labels[0] ?? '') as number) ?? Number.NEGATIVE_INFINITY,
          })),
          k,
        );
      });
    },
    close: () => network.close(),
  };
}
