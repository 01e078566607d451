import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Random } from '@neurodex/autograd';
import type { Reporter } from '@neurodex/core';
import { NeurodexError } from '@neurodex/core';
import { createFolder, refusePlace } from '@neurodex/core/storage';
import type { Dataset, Role, SkippedFile } from '@neurodex/datasets';
import {
  applyRules,
  type DatasetWarning,
  datasetWarnings,
  layoutOf,
  reportDataset,
  type SkippedKind,
  skippedKinds,
} from '@neurodex/datasets';
import { openPictureRows, type PictureRows, verifyPictures } from '../artifact/catalogue-store.ts';
import {
  PREPARED_CATALOGUE,
  PREPARED_FILE,
  type PreparedManifest,
  readPreparedManifest,
  writePreparedManifest,
} from '../artifact/prepared.ts';
import { buildCatalogue } from '../build/build-catalogue.ts';
import { fingerprintOf } from '../build/fingerprint.ts';
import { portablePath, withoutPlaces } from '../build/portable.ts';
import { checkConfig } from '../check-config.ts';
import type { Config } from '../config.ts';
import { numeric } from '../identifiers/numeric.ts';
import { type DuplicateFacts, NO_DUPLICATES } from '../pictures/duplicate-facts.ts';
import { countParts, type Parts } from '../pictures/picture-store.ts';
import { VERSION } from '../version.ts';

export interface BuildDatasetOptions {
  readonly dataset: Dataset;
  /** The folder to make. */
  readonly out: string;
  readonly config: Config;
  readonly seed: number;
  /** Build it again even if nothing has changed, and replace a folder that was made of another source. */
  readonly force: boolean;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
}

export interface PreparedSummary {
  /** Absolute path. */
  readonly dataset: string;
  /** False when what is there was made of the same inputs, and was left alone. */
  readonly built: boolean;
  readonly pictures: Readonly<Record<Role, number>>;
  readonly classes: number;
  readonly skipped: readonly SkippedFile[];
  /** The same, counted by reason. */
  readonly skippedKinds: readonly SkippedKind[];
  /** How the source was read, where it could have been otherwise. */
  readonly layout: readonly string[];
  /** What is doubtful about its classes and layout. */
  readonly warnings: readonly DatasetWarning[];
  /** Pictures that occur more than once. */
  readonly duplicates: DuplicateFacts;
}

/** The sections of the configuration that decide what is prepared. */
const sectionsOf = ({ dataset, pictures, split, identifiers }: Config): Record<string, unknown> => ({
  dataset,
  pictures,
  split,
  identifiers,
});

/**
 * A prepared data set: the chosen pictures decoded, with labels, captions, objects and roles, in a folder that `index`
 * takes as SOURCE on any machine. What was made of the same pictures with the same settings is left as it is; when they
 * have changed it is replaced once the new one is complete.
 * @throws NeurodexError `output-exists` (made of another source, or another folder), `source-*`, `interrupted`,
 *   `disk-full`, `output-unwritable`
 */
export async function buildDataset(options: BuildDatasetOptions): Promise<PreparedSummary> {
  const { out, config, seed, force, signal, reporter } = options;
  checkConfig(config);
  await refusePlace(out, [options.dataset.source]);
  const stop = signal === undefined ? {} : { signal };
  const facts = {
    dataset: { name: options.dataset.name, source: portablePath(options.dataset.source) },
    place: digestOf(options.dataset.source),
    seed,
    config: sectionsOf(config),
    inputs: (await fingerprintOf(options.dataset, { reporter, ...stop })).sha256,
  };
  const there = await readPreparedManifest(out).catch((error) => {
    // What cannot be read can still be replaced.
    if (force && error instanceof NeurodexError) return undefined;
    throw error;
  });
  if (there !== undefined && !force) {
    const same = there.inputs === facts.inputs && there.dataset.name === facts.dataset.name;
    if (!same && (there.place !== facts.place || there.dataset.name !== facts.dataset.name)) {
      throw new NeurodexError('output-exists', `${resolve(out)} holds another data set, of ${there.dataset.source}`, {
        hint: 'choose another folder, or replace it with --force',
        details: { path: resolve(out), source: there.dataset.source },
      });
    }
    const changes = changesOf(there, facts);
    if (there.neurodex !== VERSION) changes.push(`it was made by Neurodex ${there.neurodex}, and this is ${VERSION}`);
    if (changes.length === 0 && (await isSound(out, there))) {
      const stored = await openPictureRows(join(out, PREPARED_CATALOGUE));
      reportDataset({ ...options.dataset, pictures: stored.rows }, reporter);
      return summaryOf(options, false, stored);
    }
    reporter.info(`building ${out} again: ${changes[0] ?? 'a file of it is damaged'}`);
  }
  const folder = { force: there !== undefined || force, marker: PREPARED_FILE, ...stop };
  return await createFolder(out, folder, async (temporary) => {
    const dataset = await applyRules(withoutPlaces(options.dataset), config.dataset, options);
    reportDataset(dataset, reporter);
    const built = await buildCatalogue(dataset, join(temporary, PREPARED_CATALOGUE), {
      pictures: config.pictures,
      split: config.split,
      dedupe: config.dataset.dedupe,
      metadata: config.dataset.metadata,
      seed,
      reporter,
      ...stop,
      // Whatever the scheme: an index names its catalogue itself.
      assignIdentifiers: (entries) => numeric.assign(entries, config.identifiers, Random.stream(seed, 'identifiers')),
    });
    await writePreparedManifest(temporary, { neurodex: VERSION, created: new Date().toISOString(), ...facts });
    return summaryOf(options, true, built);
  });
}

type Facts = Pick<PreparedManifest, 'seed' | 'config' | 'inputs'>;

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What is no longer as it was, in words. */
function changesOf(before: Facts, now: Facts): string[] {
  const changes: string[] = [];
  for (const section of Object.keys(now.config)) {
    if (!isDeepStrictEqual(before.config[section], now.config[section]))
      changes.push(`the configuration (${section}) has changed`);
  }
  if (before.seed !== now.seed) changes.push('the seed has changed');
  if (before.inputs !== now.inputs) changes.push('its pictures have changed');
  return changes;
}

async function isSound(out: string, { catalogue }: PreparedManifest): Promise<boolean> {
  if ((await stat(join(out, PREPARED_CATALOGUE)).catch(() => undefined)) === undefined) return false;
  return await verifyPictures(join(out, PREPARED_CATALOGUE), catalogue).then(
    () => true,
    (error) => {
      if (error instanceof NeurodexError) return false;
      throw error;
    },
  );
}

function summaryOf(
  { out, dataset }: BuildDatasetOptions,
  built: boolean,
  store: Pick<PictureRows, keyof Parts | 'skipped' | 'duplicates'>,
): PreparedSummary {
  const { rows: pictures, skipped, duplicates = NO_DUPLICATES } = store;
  return {
    dataset: resolve(out),
    built,
    pictures: countParts(store),
    classes: new Set(pictures.flatMap(({ labels }) => labels)).size,
    skipped,
    skippedKinds: skippedKinds(skipped),
    layout: layoutOf(dataset),
    warnings: datasetWarnings({ ...dataset, pictures }),
    duplicates,
  };
}
