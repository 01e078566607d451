import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Device } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import type { Reporter } from '@neurodex/core';
import { NeurodexError } from '@neurodex/core';
import { completeFolder, refusePlace, type Unfinished, unfinishedName } from '@neurodex/core/storage';
import type { Dataset, SkippedFile } from '@neurodex/datasets';
import {
  type DatasetWarning,
  datasetWarnings,
  layoutOf,
  reportDataset,
  type SkippedKind,
  skippedKinds,
} from '@neurodex/datasets';
import { DONE, fanOut, openTrackers, RUN_LOG, RunLog, type TrackingRequest, trackedReporter } from '@neurodex/tracking';
import { openPictureRows, openPictures } from '../artifact/catalogue-store.ts';
import {
  CATALOGUE_FOLDER,
  describeIndex,
  INDEX_FILE,
  type IndexDescription,
  type IndexManifest,
  readIndexManifest,
  readListed,
  writeIndexManifest,
} from '../artifact/manifest.ts';
import { checkMemory } from '../build/check-memory.ts';
import { ExamplePictures } from '../build/example-pictures.ts';
import { ingest } from '../build/ingest.ts';
import { checkVectorSource } from '../build/name-catalogue.ts';
import { checkEncoderSystem, refuseOtherEncoder } from '../build/open-encoder.ts';
import { portableConfig, portablePath, withoutPlaces } from '../build/portable.ts';
import { checkComplete, completedBefore, resumeRun, withResumeHint } from '../build/resume-run.ts';
import { describeNetwork, makeNetwork, type NetworkState } from '../build/train-network.ts';
import { finishIngest, isIngested, OWN_NAMES, RUN_FILE, tidy } from '../build/unfinished-run.ts';
import { checkConfig } from '../check-config.ts';
import type { Config } from '../config.ts';
import { type DuplicateFacts, NO_DUPLICATES } from '../pictures/duplicate-facts.ts';
import { countParts } from '../pictures/picture-store.ts';
import { SYSTEM_NAMES, type SystemName } from '../query/system.ts';
import { openQueryEncoder } from '../systems/encoder.ts';
import type { OnNan } from '../training/on-nan.ts';
import { divergenceAdvice } from '../training/phase-training.ts';
import { VERSION } from '../version.ts';

export interface CreateIndexOptions {
  readonly dataset: Dataset;
  /** The folder to make. */
  readonly out: string;
  readonly config: Config;
  /**
   * What the index shall answer with. Unless given, everything that can be made of the pictures: a catalogue with too few
   * keypoints for a vocabulary goes without `bovw`, and says so.
   */
  readonly systems?: readonly SystemName[];
  readonly seed: number;
  /** Replace an index that is there. Without `resume`, an unfinished run is thrown away as well. */
  readonly force: boolean;
  /** Go on with the unfinished run of this index, if there is one. */
  readonly resume?: boolean;
  /** Whether a run that cannot be completed stays, to be gone on with: true by default. */
  readonly keepUnfinished?: boolean;
  /** What happens to a batch whose loss is NaN or infinite: 'stop' by default. */
  readonly onNan?: OnNan;
  readonly device: Device;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
  /** Trackers besides the run log; none by default. */
  readonly tracking?: TrackingRequest;
}

export interface IndexSummary {
  /** Absolute path. */
  readonly index: string;
  readonly catalogue: number;
  readonly queries: { readonly train: number; readonly validation: number; readonly test: number };
  readonly skipped: readonly SkippedFile[];
  /** The same, counted by reason. */
  readonly skippedKinds: readonly SkippedKind[];
  /** How the source was read, where it could have been otherwise. */
  readonly layout: readonly string[];
  /** What is doubtful about its classes and layout. */
  readonly warnings: readonly DatasetWarning[];
  /** Pictures that occur more than once. */
  readonly duplicates: DuplicateFacts;
  readonly systems: readonly SystemName[];
  /** Of the network; 0 without one, as are the steps. */
  readonly parameters: number;
  readonly steps: number;
  readonly seconds: number;
  readonly validation: Readonly<Record<string, number>>;
}

/** Refusals to go on with what is there: it stays as it is. */
const REFUSALS: ReadonlySet<string> = new Set(['run-changed', 'index-damaged']);

/**
 * Pictures to index: builds the catalogue and its bag of visual words, trains the network, writes the folder. It appears
 * under its name only when it is complete. Until then the run lives in `<out>.partial`; where it stops after the pictures
 * were read in, by an error, an interruption or a process that is killed, it stays there, and `resume` goes on with it.
 * Training that diverges after it had a good state leaves the index of that state, and then throws.
 * @throws NeurodexError of the catalogue, `config-invalid`, `output-exists`, `run-unfinished`, `run-locked`,
 *   `run-changed`, `training-diverged`, `interrupted`
 */
export async function createIndex(options: CreateIndexOptions): Promise<IndexSummary> {
  const { out, force, resume = false, keepUnfinished = true, signal, config } = options;
  checkConfig(config);
  checkMemory(config, { systems: options.systems });
  checkVectorSource(config, options.systems ?? SYSTEM_NAMES);
  checkEncoderSystem(config, options.systems);
  await refusePlace(out, [options.dataset.source]);
  const folder = {
    force,
    resume,
    marker: INDEX_FILE,
    ownMarker: RUN_FILE,
    ownNames: OWN_NAMES,
    ...(signal === undefined ? {} : { signal }),
  };
  const complete = resume && !force ? await completedBefore(options) : undefined;
  const began = performance.now();
  let kept = false;
  const keeps = async (at: string, error: unknown): Promise<boolean> => {
    const refused = error instanceof NeurodexError && REFUSALS.has(error.code);
    kept = !refused && keepUnfinished && (await isIngested(at));
    return kept || refused;
  };
  try {
    const manifest =
      complete ?? (await completeFolder(out, folder, (unfinished) => fillIndex(options, unfinished), keeps));
    const summary = await summarise(manifest, options, (performance.now() - began) / 1000);
    const stopped = manifest.training?.stopped;
    if (stopped === undefined) return summary;
    throw new NeurodexError(
      'training-diverged',
      `${stopped}; the index holds the last good state, of step ${summary.steps}`,
      { hint: divergenceAdvice(config) },
    );
  } catch (error) {
    throw kept ? withResumeHint(error, unfinishedName(resolve(out)), options.reporter) : error;
  }
}

/** Does what is left to be done in the folder of an unfinished run. */
async function fillIndex(options: CreateIndexOptions, unfinished: Unfinished): Promise<IndexManifest> {
  const { config, seed, device, reporter } = options;
  const { folder } = unfinished;
  const dataset = withoutPlaces(options.dataset);
  const recorded = portableConfig(config);
  if (unfinished.resumed && existsSync(join(folder, INDEX_FILE))) {
    await checkComplete(folder, options);
    return await finish(folder);
  }
  const before = await resumeRun(options, unfinished);
  const started = performance.now() - 1000 * (before?.checkpoint?.seconds ?? before?.facts.seconds ?? 0);
  const elapsed = () => (performance.now() - started) / 1000;
  const log = new RunLog(join(folder, RUN_LOG), reporter);
  const trackers = await openTrackers(options.tracking, folder, reporter);
  const tracker = fanOut([log, ...trackers], reporter);
  let manifest: IndexDescription;
  try {
    const time = new Date().toISOString();
    const resumedFrom = before === undefined ? {} : { resumedFrom: before.checkpoint?.state.step ?? 0 };
    const source = { name: dataset.name, source: portablePath(dataset.source) };
    tracker.track({ kind: 'start', time, config: recorded, dataset: source, seed, ...resumedFrom });
    let bovw = before?.facts.bovw ?? undefined;
    let encoder = before?.facts.encoder ?? undefined;
    await refuseOtherEncoder(config, encoder?.sha256);
    if (before === undefined) {
      const made = await ingest({ ...options, dataset }, folder);
      bovw = made.bovw;
      encoder = made.encoder;
      for (const { path, reason } of made.built.skipped) tracker.track({ kind: 'skipped', path, reason });
      await finishIngest(folder, {
        bovw: bovw ?? null,
        encoder: encoder ?? null,
        seconds: elapsed(),
        logBytes: log.sync(),
      });
    }
    // Training is about to go on with the same doubts as it began with.
    else reportDataset({ ...dataset, pictures: before.store.rows }, reporter);
    const store = before?.store ?? (await openPictures(join(folder, CATALOGUE_FOLDER)));
    const wanted = options.systems ?? SYSTEM_NAMES;
    const made: Readonly<Record<SystemName, boolean>> = {
      dsi: true,
      bovw: bovw !== undefined,
      pixels: true,
      encoder: encoder !== undefined,
    };
    const systems = SYSTEM_NAMES.filter((name) => wanted.includes(name) && made[name]);
    const state: Omit<NetworkState, 'examples'> = {
      resumeFrom: before?.checkpoint,
      save: (checkpoint, checkpoints) => checkpoints.save(checkpoint, { seconds: elapsed(), logBytes: log.sync() }),
    };
    const trainNetwork = async () => {
      const examples = trackers.length === 0 ? undefined : new ExamplePictures(store, tracker, reporter);
      await examples?.trackInputs();
      const frozenBackbone = encoder !== undefined && config.encoder.frozenBackbone;
      const queries = frozenBackbone
        ? await openQueryEncoder(
            { folder, read: (listed) => readListed(folder, listed) },
            { encoder },
            store,
            nodeRuntime({ device }),
          )
        : undefined;
      const told = { ...options, reporter: trackedReporter(reporter, tracker), encoder: queries };
      try {
        return await makeNetwork(store, told, folder, tracker, { ...state, examples });
      } finally {
        await queries?.encoder.release();
      }
    };
    const trained = systems.includes('dsi') ? await trainNetwork() : undefined;
    manifest = describeIndex({
      neurodex: VERSION,
      created: new Date().toISOString(),
      seed,
      dataset: source,
      config: recorded,
      systems,
      ...(bovw === undefined ? {} : { bovw }),
      ...(encoder === undefined ? {} : { encoder }),
      ...(trained === undefined ? {} : describeNetwork(trained, device, elapsed())),
    });
    const diverged = trained?.trained.diverged;
    tracker.track({ kind: 'end', time: new Date().toISOString(), reason: diverged?.message ?? DONE });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    tracker.track({ kind: 'end', time: new Date().toISOString(), reason });
    throw error;
  } finally {
    await tracker.close();
  }
  // Last of all: with it, the index is complete.
  await writeIndexManifest(folder, manifest);
  return await finish(folder);
}

async function finish(folder: string): Promise<IndexManifest> {
  const manifest = await readIndexManifest(folder);
  await tidy(folder);
  return manifest;
}

/** @param seconds that this process took, for an index without a network; training counts its own */
async function summarise(
  manifest: IndexManifest,
  { out, dataset }: CreateIndexOptions,
  seconds: number,
): Promise<IndexSummary> {
  const store = await openPictureRows(join(out, CATALOGUE_FOLDER));
  const { catalogue, ...queries } = countParts(store);
  return {
    index: resolve(out),
    catalogue,
    queries,
    skipped: store.skipped,
    skippedKinds: skippedKinds(store.skipped),
    layout: layoutOf(dataset),
    warnings: datasetWarnings({ ...dataset, pictures: store.rows }),
    duplicates: store.duplicates ?? NO_DUPLICATES,
    systems: manifest.systems,
    parameters: manifest.model?.parameters ?? 0,
    steps: manifest.training?.steps ?? 0,
    seconds: manifest.training?.seconds ?? seconds,
    validation: manifest.training?.validation ?? {},
  };
}
