import { join, resolve } from 'node:path';
import type { Device } from '@neurodex/autograd';
import type { Reporter } from '@neurodex/core';
import { NeurodexError } from '@neurodex/core';
import { completeFolder, refusePlace, unfinishedName } from '@neurodex/core/storage';
import type { Dataset, Role, SkippedFile } from '@neurodex/datasets';
import { type DatasetWarning, datasetWarnings, layoutOf, type SkippedKind, skippedKinds } from '@neurodex/datasets';
import type { TrackingRequest } from '@neurodex/tracking';
import { openPictureRows } from '../artifact/catalogue-store.ts';
import { CATALOGUE_FOLDER, INDEX_FILE, type IndexManifest } from '../artifact/manifest.ts';
import type { OwnEncoder } from '../build/build.ts';
import { buildIndex } from '../build/build-index.ts';
import { checkMemory } from '../build/check-memory.ts';
import { checkVectorSource } from '../build/name-catalogue.ts';
import { checkEncoder } from '../build/open-encoder.ts';
import { completedBefore, withResumeHint } from '../build/resume-run.ts';
import type { StageName } from '../build/stage-names.ts';
import { hasRecord } from '../build/stage-record.ts';
import { OWN_NAMES, RUN_FILE } from '../build/unfinished-run.ts';
import { checkConfig } from '../check-config.ts';
import type { Config } from '../config.ts';
import { type DuplicateFacts, NO_DUPLICATES } from '../pictures/duplicate-facts.ts';
import { countParts } from '../pictures/picture-store.ts';
import { SYSTEM_NAMES, type SystemName } from '../query/system.ts';
import type { OnNan } from '../training/on-nan.ts';
import { divergenceAdvice } from '../training/phase-training.ts';

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
  /** Of downloads; `process.env` by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Of an index that is built again: its encoder, which is in `encoder.file`. */
  readonly ownEncoder?: OwnEncoder;
  readonly reporter: Reporter;
  /** Told of each stage that begins. */
  readonly onStage?: (stage: StageName) => void;
  readonly signal?: AbortSignal;
  /** Trackers besides the run log; none by default. */
  readonly tracking?: TrackingRequest;
}

/** An index that was built. */
export interface IndexSummary {
  /** Absolute path. */
  readonly index: string;
  /** Pictures that searches find. */
  readonly catalogue: number;
  /** Pictures that it was trained and measured with. */
  readonly queries: Readonly<Record<Exclude<Role, 'catalogue'>, number>>;
  /** Files that were passed over. */
  readonly skipped: readonly SkippedFile[];
  /** The same, counted by reason. */
  readonly skippedKinds: readonly SkippedKind[];
  /** How the source was read, where it could have been otherwise. */
  readonly layout: readonly string[];
  /** What is doubtful about its classes and layout. */
  readonly warnings: readonly DatasetWarning[];
  /** Pictures that occur more than once. */
  readonly duplicates: DuplicateFacts;
  /** What it answers with. */
  readonly systems: readonly SystemName[];
  /** Whether the network takes words. */
  readonly readsText: boolean;
  /** Of the network; 0 without one, as are the steps. */
  readonly parameters: number;
  /** Of training. */
  readonly steps: number;
  /** That the build took. */
  readonly seconds: number;
  /** Measures of the validation queries, by name. */
  readonly validation: Readonly<Record<string, number>>;
}

/** Refusals to go on with what is there: it stays as it is. */
const REFUSALS: ReadonlySet<string> = new Set(['run-changed', 'index-damaged']);

/**
 * Pictures to index: runs the stages of a build (build/stages.ts). The folder appears under its name only when it is complete.
 * Until then the run lives in `<out>.partial`; where it stops after a stage was complete, by an error, an interruption or a
 * process that is killed, it stays there, and `resume` continues with the next stage.
 * Training that diverges after it had a good state leaves the index of that state, and then throws.
 * @throws NeurodexError of the catalogue, `config-invalid`, `output-exists`, `run-unfinished`, `run-locked`,
 *   `run-changed`, `training-diverged`, `interrupted`
 */
export async function createIndex(options: CreateIndexOptions): Promise<IndexSummary> {
  const { out, force, resume = false, keepUnfinished = true, signal, config } = options;
  checkConfig(config);
  checkMemory(config, { systems: options.systems });
  checkVectorSource(config, options.systems ?? SYSTEM_NAMES);
  checkEncoder(config, options.systems);
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
    const code = error instanceof NeurodexError ? error.code : '';
    const refused = REFUSALS.has(code);
    // Nothing can be made of such pictures, however often it is tried.
    const hopeless = code.startsWith('source-') || code === 'encoder-unusable';
    kept = !refused && !hopeless && keepUnfinished && (await hasRecord(at));
    return kept || refused;
  };
  try {
    const manifest =
      complete ?? (await completeFolder(out, folder, (unfinished) => buildIndex(options, unfinished), keeps));
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
    readsText: manifest.text !== undefined,
    parameters: manifest.model?.parameters ?? 0,
    steps: manifest.training?.steps ?? 0,
    seconds: manifest.training?.seconds ?? seconds,
    validation: manifest.training?.validation ?? {},
  };
}
