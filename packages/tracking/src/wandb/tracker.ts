import { readdir } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { isRecord } from '@neurodex/core';
import {
  AppendedFile,
  type FileLimits,
  fileOutbox,
  type TrackerFiles,
  trackerFiles,
  type Written,
} from '../appended-file.ts';
import type { Outbox } from '../outbox.ts';
import { type Scalar, scalarsOf, taskOfMetric, tasksOfPhase } from '../scalars.ts';
import { DONE, type Task, type TrackedEvent, type Tracker, type TrackerContext } from '../tracker.ts';
import { OfflineRun } from './offline-run.ts';
import { offerSync, type SyncOptions } from './sync.ts';

export const DEFAULT_PROJECT = 'vit-dsi-project';

/** What the two runs of a training are called, after the model and the task. */
const RUN_NAMES = { indexing: 'ViT (Indexing)', retrieval: 'ViT (Retrieval)' } as const satisfies Record<Task, string>;

/** Lines said before a run begins that are kept for it. */
const MOST_EARLY_LINES = 1000;

export interface WandbOptions extends FileLimits {
  readonly files?: TrackerFiles;
  /** How the finished runs are uploaded, or how that is told. */
  readonly sync?: (options: SyncOptions) => Promise<void>;
}

/**
 * Weights & Biases as run folders that `wandb sync` uploads: one run for the indexing task and one for the retrieval
 * task, in one group. A step of the joint phase trains both, so both runs have it; a validation figure is in the run of
 * its task. Each run begins with the first event of its task.
 */
export class WandbTracker implements Tracker {
  /** The folder of the runs, `wandb/`. */
  readonly folder: string;
  private readonly context: TrackerContext;
  private readonly outbox: Outbox<Written>;
  private readonly options: WandbOptions;
  private readonly runs = new Map<Task, OfflineRun>();
  private start: Extract<TrackedEvent, { kind: 'start' }> | undefined;
  private readonly early: string[] = [];
  private reason: string | undefined;
  private closing: Promise<void> | undefined;

  constructor(context: TrackerContext, options: WandbOptions = {}) {
    const { files = trackerFiles, sync: _sync, ...limits } = options;
    this.context = context;
    this.options = options;
    this.folder = wandbFolder(context);
    this.outbox = fileOutbox(`the W&B run in ${this.folder}`, context.reporter, files, limits);
  }

  track(event: TrackedEvent): void {
    if (this.closing !== undefined || this.outbox.over) return;
    switch (event.kind) {
      case 'start':
        this.start ??= event;
        return;
      case 'step':
        for (const task of tasksOfPhase(event.phase)) this.run(task).add(event.step, scalarsOf(event));
        return;
      case 'validation':
        for (const [task, scalars] of byTask(scalarsOf(event))) {
          this.run(task).add(event.step, scalars);
          this.run(task).summarise();
        }
        return;
      case 'evaluation':
        for (const [task, scalars] of byTask(scalarsOf(event))) this.run(task).conclude(scalars);
        return;
      case 'pictures':
        this.run(event.task).addPictures(event.step, event.name, event.pictures);
        return;
      case 'skipped':
        this.say(`skipped ${event.path}: ${event.reason}`);
        return;
      case 'message':
        this.say(`${event.level}: ${event.text}`);
        return;
      case 'end':
        this.reason = event.reason;
        if (event.reason !== DONE) this.say(event.reason);
    }
  }

  close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  private async finish(): Promise<void> {
    // A run that broke before its first step is worth seeing too.
    if (this.runs.size === 0 && this.start !== undefined) this.run('indexing');
    for (const run of this.runs.values()) run.finish(this.reason === DONE ? 0 : 1);
    const whole = await this.outbox.close();
    if (!whole || this.runs.size === 0) return;
    await Promise.all([...this.runs.values()].map(({ log }) => log.close().catch(() => {})));
    const { env, reporter } = this.context;
    await (this.options.sync ?? offerSync)({ runs: await this.folders(), env, reporter });
  }

  /** The folders of the runs, with those that earlier processes of a resumed run left; in the order of their names. */
  private async folders(): Promise<string[]> {
    const runs = [...this.runs.values()];
    const own = runs.map(({ path }) => path);
    if (!this.context.run.resumed) return own;
    const names = await readdir(this.folder).catch(() => []);
    const earlier = names.filter((name) =>
      runs.some(({ id }) => name.startsWith('offline-run-') && name.endsWith(`-${id}`)),
    );
    return [...new Set([...earlier.map((name) => join(this.folder, name)), ...own])].sort();
  }

  private run(task: Task): OfflineRun {
    const { run: identity, env, wandbProject } = this.context;
    let run = this.runs.get(task);
    if (run === undefined) {
      const { config, dataset, seed } = this.start ?? {};
      run = new OfflineRun({
        folder: this.folder,
        run: identity,
        task,
        displayName: identity.named
          ? `${identity.name} (${task === 'indexing' ? 'Indexing' : 'Retrieval'})`
          : RUN_NAMES[task],
        project: wandbProject || env.WANDB_PROJECT || DEFAULT_PROJECT,
        entity: env.WANDB_ENTITY || undefined,
        tags: (env.WANDB_TAGS ?? '').split(',').filter((tag) => tag !== ''),
        notes: env.WANDB_NOTES || undefined,
        group: env.WANDB_RUN_GROUP || `${identity.name}-${identity.id}`,
        // `dataset` is a section of the configuration.
        config: { ...(isRecord(config) ? config : {}), source: dataset, seed },
        began: Date.now(),
        write: (written) => this.outbox.push(written),
        appended: (path) => new AppendedFile(path, this.options.files),
      });
      for (const line of this.early) run.say(line);
      this.runs.set(task, run);
    }
    return run;
  }

  private say(line: string): void {
    if (this.early.length < MOST_EARLY_LINES) this.early.push(line);
    for (const run of this.runs.values()) run.say(line);
  }
}

/** As wandb does: `wandb` in WANDB_DIR, or in the given folder. */
function wandbFolder({ env, folder }: TrackerContext): string {
  const named = env.WANDB_DIR;
  if (named === undefined || named === '') return join(folder, 'wandb');
  return join(isAbsolute(named) ? named : resolve(named), 'wandb');
}

function byTask(scalars: readonly Scalar[]): Map<Task, Scalar[]> {
  const tasks = new Map<Task, Scalar[]>();
  for (const scalar of scalars) {
    const task = taskOfMetric(scalar[0]);
    tasks.set(task, [...(tasks.get(task) ?? []), scalar]);
  }
  return tasks;
}
