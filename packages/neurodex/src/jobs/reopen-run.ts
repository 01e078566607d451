import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parameterCount } from '@neurodex/autograd';
import { openCatalogue, type StoredCatalogue } from '../catalogue/store.ts';
import type { Config } from '../config.ts';
import type { Dataset } from '../datasets/dataset.ts';
import { NeurodexError } from '../errors.ts';
import { dsiParameters } from '../models/dsi/parameters.ts';
import type { Reporter } from '../progress.ts';
import { CATALOGUE_FOLDER, type IndexManifest, readIndexManifest } from '../retrieval/manifest.ts';
import { type Unfinished, unfinishedName } from '../storage/unfinished.ts';
import type { Checkpoint, CheckpointContext } from '../training/checkpoint.ts';
import { CheckpointFolder } from '../training/checkpoint-folder.ts';
import { markOf } from './data-set-mark.ts';
import { changedKeys } from './resume-config.ts';
import { geometryFor } from './train-network.ts';
import {
  beginRun,
  CHECKPOINTS_FOLDER,
  continueRun,
  type IngestFacts,
  RUN_FILE,
  type RunRequest,
  readIngest,
  rewindLog,
  startOver,
} from './unfinished-run.ts';

/** What a run is asked to be, and who is told how it goes on. */
type Reopening = RunRequest & { readonly dataset: Dataset; readonly reporter: Reporter };

/** Where an unfinished run stopped. */
export interface Reopened {
  readonly facts: IngestFacts;
  readonly catalogue: StoredCatalogue;
  readonly checkpoint: (Checkpoint & CheckpointContext) | undefined;
}

/** Begins a run, or finds out where it stopped: undefined where the pictures are still to be read in. */
export async function reopen(options: Reopening, { folder, resumed }: Unfinished): Promise<Reopened | undefined> {
  const { reporter, config } = options;
  const mark = await markOf(options.dataset);
  if (!resumed) {
    await beginRun(folder, options, mark);
    return undefined;
  }
  await continueRun(folder, options, mark, reporter);
  const facts = await readIngest(folder);
  if (facts === undefined) {
    reporter.info(`${folder}: the pictures were not all read in, so that is done again`);
    await startOver(folder);
    return undefined;
  }
  const catalogue = await openCatalogue(join(folder, CATALOGUE_FOLDER), { listed: facts.catalogue });
  const parameters = parameterCount(dsiParameters(geometryFor(catalogue, config)));
  const checkpoint = await new CheckpointFolder(join(folder, CHECKPOINTS_FOLDER), reporter).latest(parameters);
  await rewindLog(folder, checkpoint?.logBytes ?? facts.logBytes);
  reporter.info(
    checkpoint === undefined
      ? `going on with ${folder}: the pictures are read in, and training begins`
      : `going on with ${folder} from step ${checkpoint.memory.step}`,
  );
  return { facts, catalogue, checkpoint };
}

/** Whether an index is the one that a run was to make. */
const isAskedFor = (manifest: IndexManifest, { seed, config, dataset, systems }: Reopening): boolean =>
  manifest.seed === seed &&
  manifest.dataset.name === dataset.name &&
  manifest.dataset.source === dataset.source &&
  (systems === undefined || String(systems) === String(manifest.systems)) &&
  changedKeys(manifest.config as unknown as Config, config).length === 0;

/**
 * An unfinished run whose index is complete and only has no name yet: whether it is the one that is asked for.
 * @throws NeurodexError `run-changed`
 */
export async function checkComplete(folder: string, options: Reopening): Promise<void> {
  if (existsSync(join(folder, RUN_FILE))) {
    await continueRun(folder, options, await markOf(options.dataset), options.reporter);
  } else if (!isAskedFor(await readIndexManifest(folder), options)) {
    throw new NeurodexError('run-changed', `${folder} holds a complete index of something else`, {
      hint: 'move it to another name, where it can be searched, or start anew with --force',
      details: { path: folder },
    });
  }
}

/** The index that an earlier process completed, where it is the one that is asked for. */
export async function completedBefore(
  options: Reopening & { readonly out: string },
): Promise<IndexManifest | undefined> {
  const { out, reporter } = options;
  if (existsSync(unfinishedName(resolve(out)))) return undefined;
  let manifest: IndexManifest;
  try {
    manifest = await readIndexManifest(out);
  } catch {
    return undefined;
  }
  const same = isAskedFor(manifest, options);
  if (same) reporter.info(`${out} is complete already`);
  return same ? manifest : undefined;
}

/** The error of a run that stays, with what to do about it. */
export function withTheWayOn(error: unknown, folder: string, reporter: Reporter): unknown {
  const way = `${folder} keeps what is done: the same command with --resume goes on from there`;
  if (!(error instanceof NeurodexError)) {
    reporter.info(way);
    return error;
  }
  return new NeurodexError(error.code, error.message, {
    hint: error.hint === undefined ? way : `${error.hint}; ${way}`,
    details: { ...error.details, unfinished: folder },
    cause: error,
  });
}
