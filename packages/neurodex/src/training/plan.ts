import type { Schedule } from '@neurodex/autograd';
import type { Config } from '../config.ts';

/** What each picture of a batch is for; the counts add up to B. */
export interface BatchMix {
  /** Catalogue pictures, for their own identifiers. */
  readonly indexing: number;
  /** Queries, for the identifiers of their relevant pictures. */
  readonly retrieval: number;
}

/** One stretch of training with one kind of batch and one schedule. */
export interface Phase {
  readonly name: 'indexing' | 'retrieval' | 'joint' | 'see' | 'read';
  readonly mix: BatchMix;
  readonly steps: number;
  /** R, identifiers packed behind each picture; 0 where the network learns without any. */
  readonly identifiers: number;
  readonly schedule: Schedule;
}

/** What a plan is made from. */
export interface TaskSizes {
  /** N */
  readonly catalogue: number;
  /** Pairs of a training query and a relevant catalogue picture. */
  readonly pairs: number;
}

/**
 * The phases of a run and their steps, before anything runs. An epoch is one pass over the catalogue in the indexing
 * and joint phases, and one pass over the pairs of query and relevant picture in the retrieval phase.
 */
export function planTraining({ training }: Pick<Config, 'training'>, { catalogue, pairs }: TaskSizes): Phase[] {
  const { batchSize: B, identifiersPerQuery: R } = training;
  const phase = (
    name: Phase['name'],
    mix: BatchMix,
    examples: number,
    perStep: number,
    identifiers: number,
  ): Phase[] => {
    const steps = Math.ceil(examples / perStep);
    const { learningRate, schedule: kind, warmupFraction } = training;
    const schedule = { learningRate, kind, warmupSteps: Math.round(warmupFraction * steps), steps };
    return steps === 0 ? [] : [{ name, mix, steps, identifiers, schedule }];
  };
  if (training.plan === 'joint' && pairs > 0) {
    // Both tasks are in every batch, whatever the share.
    const retrieval = Math.min(B - 1, Math.max(1, Math.round(B * training.retrievalShare)));
    const mix = { indexing: B - retrieval, retrieval };
    return phase('joint', mix, training.indexingEpochs * catalogue, mix.indexing, R);
  }
  return [
    ...phase('indexing', { indexing: B, retrieval: 0 }, training.indexingEpochs * catalogue, B, 1),
    ...(training.plan === 'joint'
      ? []
      : phase('retrieval', { indexing: 0, retrieval: B }, training.retrievalEpochs * pairs, B * R, R)),
  ];
}
