import type { Runtime } from '@neurodex/autograd';
import { NeurodexError } from '@neurodex/core';
import { trieOf } from '../artifact/trie-of.ts';
import type { Config } from '../config.ts';
import { type Geometry, geometryOf } from '../dsi/model/geometry.ts';
import type { DsiModel } from '../dsi/model/model-file.ts';
import { dsiParameters } from '../dsi/model/parameters.ts';
import { PrefixTable } from '../dsi/model/prefix-table.ts';
import { relevantRows } from '../evaluation/relevance.ts';
import { identifierLength } from '../identifiers/encode.ts';
import type { QueryEncoder } from '../models/encoder/query-encoder.ts';
import type { PictureStore } from '../pictures/picture-store.ts';
import type { System } from '../query/system.ts';
import { BatchMaker } from './batch-maker.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Metrics } from './early-stopping.ts';
import { type RetrievalExamples, retrievalQueries, selfQueries } from './examples.ts';
import { runPhases, type TrainingResult } from './loop.ts';
import { type Phase, planTraining } from './plan.ts';
import type { RunOptions } from './run.ts';
import { Validator } from './validator.ts';

export interface TrainOptions extends RunOptions {
  readonly runtime: Runtime;
  /** The encoder in front of the network, where the store has embeddings. */
  readonly backbone?: QueryEncoder | undefined;
  /** Told of every validation, with the parameters that were measured. */
  readonly onValidation?: (metrics: Metrics, parameters: Float32Array) => void;
  /** Given the trained network as a system, before its graphs are freed. */
  readonly onTrained?: (system: System, steps: number) => Promise<void>;
}

export interface TrainedNetwork extends Omit<TrainingResult, 'parameters'> {
  readonly model: DsiModel;
  readonly table: PrefixTable;
}

/** What can be said of a network before it is trained. */
export interface NetworkPlan {
  readonly table: PrefixTable;
  readonly geometry: Geometry;
  readonly examples: RetrievalExamples;
  readonly phases: readonly Phase[];
}

/** The network that a configuration asks for over the identifiers of a store, and the phases of its training. */
export function planNetwork(store: PictureStore, config: Config): NetworkPlan {
  const trie = trieOf(store, { config });
  const table = PrefixTable.create(trie, config.model.embedding);
  const catalogue = store.catalogue;
  const length = identifierLength(
    trie.scheme,
    catalogue.map(({ identifier }) => identifier ?? ''),
  );
  const geometry = geometryOf(config, trie.scheme.vocabulary, length, {
    embeddingRows: table.size,
    backbone: config.encoder.frozenBackbone ? store.embeddings : undefined,
  });
  const relevant = (picture: Parameters<typeof relevantRows>[1]) => relevantRows(store, picture);
  const examples = {
    queries: retrievalQueries(store, relevant),
    selfQueries: selfQueries(store, relevant, config.training.selfTargetWeight),
  };
  // Without queries (a flat folder), augmented catalogue pictures stand in for them.
  const drawn = examples.queries.length > 0 ? examples.queries : examples.selfQueries;
  const pairs = drawn.reduce((n, example) => n + example.relevant.length, 0);
  return { table, geometry, examples, phases: planTraining(config, { catalogue: catalogue.length, pairs }) };
}

/**
 * Trains the network that a configuration asks for on the pictures of a store.
 * @throws NeurodexError `training-diverged` where no validated state is left, `run-changed`, `interrupted`
 */
export async function train(store: PictureStore, config: Config, options: TrainOptions): Promise<TrainedNetwork> {
  const { runtime, backbone, onValidation, onTrained, ...run } = options;
  const { table, geometry, examples, phases } = planNetwork(store, config);
  checkPhase(run.resumeFrom, phases);
  const validator = new Validator({ runtime, geometry, table, store, search: config.retrieval, backbone });
  try {
    const { parameters, ...result } = await runPhases({
      ...run,
      runtime,
      geometry,
      parameters: dsiParameters(geometry),
      batches: (phase, random) => new BatchMaker({ store, table, geometry, config, examples }, phase, random),
      phases,
      config,
      async validate(current, phase) {
        const metrics = await validator.measure(current, phase.mix);
        onValidation?.(metrics, current);
        return metrics;
      },
    });
    await onTrained?.(validator.systemOf(parameters), result.steps);
    return { ...result, table, model: { geometry, parameters, prefixes: table.stored } };
  } finally {
    await validator.close();
  }
}

/** A plan that a changed configuration has left without the phase that the run is in. */
function checkPhase(resumeFrom: Checkpoint | undefined, phases: readonly Phase[]): void {
  if (resumeFrom === undefined || phases.some(({ name }) => name === resumeFrom.phase)) return;
  throw new NeurodexError('run-changed', `the run is in its ${resumeFrom.phase} phase, which the plan has no more`, {
    hint: `set training.${resumeFrom.phase}Epochs above 0`,
    details: { phase: resumeFrom.phase },
  });
}
