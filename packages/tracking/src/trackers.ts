import { dirname } from 'node:path';
import { type Reporter, shellQuote } from '@neurodex/core';
import { mlflowAddress } from './mlflow/client.ts';
import { reasonOf } from './outbox.ts';
import { runIdentity } from './run-identity.ts';
import type { Tracker, TrackerContext } from './tracker.ts';

/** Trackers that can be asked for. */
export const TRACKER_NAMES = ['tensorboard', 'wandb', 'mlflow'] as const;

/** A tracker by its name. */
export type TrackerName = (typeof TRACKER_NAMES)[number];

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What is known of a tracker before it is opened. */
export interface TrackerDeclaration {
  /** The program that shows the runs. */
  readonly program: string;
  /** What the environment lacks for it, and what to do; undefined where it can be used. */
  problem(env: Environment): { readonly message: string; readonly hint: string } | undefined;
  /** Loaded when it is used. */
  open(context: TrackerContext): Promise<Tracker & { readonly folder?: string }>;
  /** Where the runs are and how to look at them, said when the run begins. */
  told(place: string): string;
}

/** Every tracker that can be asked for; the run log is kept in any case. */
export const TRACKERS: { readonly [K in TrackerName]: TrackerDeclaration } = {
  tensorboard: {
    program: 'TensorBoard',
    problem: () => undefined,
    open: async (context) => new (await import('./tensorboard/tracker.ts')).TensorBoardTracker(context),
    told: (place) => `TensorBoard shows the run: tensorboard --logdir ${shellQuote(dirname(place))}`,
  },
  wandb: {
    program: 'Weights & Biases',
    problem: () => undefined,
    open: async (context) => new (await import('./wandb/tracker.ts')).WandbTracker(context),
    told: (place) => `the W&B runs are kept in ${place}`,
  },
  mlflow: {
    program: 'MLflow',
    problem(env) {
      const address = mlflowAddress(env);
      if (!('problem' in address)) return undefined;
      return {
        message: address.problem,
        hint: 'set it to the address of an MLflow server, such as http://127.0.0.1:5000',
      };
    },
    open: async (context) => new (await import('./mlflow/tracker.ts')).MlflowTracker(context),
    told: () => 'the run is on the MLflow server that MLFLOW_TRACKING_URI names',
  },
};

/** Which trackers a run has besides its run log, and what they are told of it. */
export interface TrackingRequest {
  /** Those that are asked for. */
  readonly trackers: readonly TrackerName[];
  /** Where their files go unless the environment says so: a folder that stays, beside the index. */
  readonly folder: string;
  /** What the run is called; `named` where a user chose it. */
  readonly run: { readonly name: string; readonly named: boolean };
  /** Variables of the trackers' own programs: WANDB_PROJECT, MLFLOW_TRACKING_URI … */
  readonly env: Environment;
  /** Goes before WANDB_PROJECT. */
  readonly wandbProject?: string | undefined;
}

/**
 * Opens the trackers that a run asks for. One that cannot be opened is warned about and left out.
 * @param folder where the run log is; the run's identity is kept there
 * @example
 * ```ts
 * import { silentReporter } from '@neurodex/core';
 * import { openTrackers } from '@neurodex/tracking';
 *
 * const request = { trackers: ['tensorboard'], folder: '.', run: { name: 'first', named: true }, env: process.env } as const;
 * const trackers = await openTrackers(request, '.', silentReporter);
 * for (const tracker of trackers) await tracker.close();
 * console.log(trackers.length); // → 1
 * ```
 */
export async function openTrackers(
  request: TrackingRequest | undefined,
  folder: string,
  reporter: Reporter,
): Promise<Tracker[]> {
  if (request === undefined || request.trackers.length === 0) return [];
  const { trackers, run: called, ...context } = request;
  const run = await runIdentity(folder, called);
  const opened: Tracker[] = [];
  for (const name of new Set(trackers)) {
    const { open, told, program } = TRACKERS[name];
    try {
      const tracker = await open({ ...context, run, reporter });
      reporter.info(told(tracker.folder ?? ''));
      opened.push(tracker);
    } catch (error) {
      reporter.warn(`${program} is left out of this run: ${reasonOf(error)}`);
    }
  }
  return opened;
}
