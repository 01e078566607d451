import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Random, type Runtime } from '@neurodex/autograd';
import { defined, type Reporter, silentReporter } from '@neurodex/core';
import { LOCK_FILE, lockFile, throwIfInterrupted } from '@neurodex/core/storage';

import { catalogueIn } from '../artifact/disk-target.ts';
import { type IndexArtifact, openArtifact } from '../artifact/index-artifact.ts';
import {
  CATALOGUE_FOLDER,
  type ChangeCounts,
  type IndexManifest,
  MODEL_FILE,
  readIndexManifest,
} from '../artifact/manifest.ts';
import { readModel } from '../artifact/network.ts';
import { readPart } from '../artifact/part-rows.ts';
import type { CatalogueRow } from '../artifact/part-writer.ts';
import { serialiseForIndex } from '../dsi/model/model-file.ts';
import { relevantRows } from '../evaluation/relevance.ts';
import { clusterName, clustersOf } from '../identifiers/semantic.ts';
import { fitTemperature, samplePlaces } from '../training/calibration.ts';
import { publish, recover } from './publish.ts';
import { fixed } from './refusals.ts';

export interface SettleOptions {
  readonly reporter?: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** An index that was settled. */
export interface Settled {
  readonly version: string;
  readonly changes: ChangeCounts;
  /** Parts of the catalogue before and after. */
  readonly parts: readonly [before: number, after: number];
}

/**
 * Gives an index that has grown or shrunk what it would have if it were built with the pictures that it has now, but for what the
 * network has learned: clusters, identifiers, the cut of its parts, the temperature of its memory. Ids stay. As one change.
 * @throws NeurodexError `run-locked`, `index-fixed`, `index-missing`, `index-damaged`, `interrupted`
 */
export async function settleIndex(
  folder: string,
  runtime: Runtime,
  { reporter = silentReporter, signal }: SettleOptions = {},
): Promise<Settled> {
  await readIndexManifest(folder);
  const lock = await lockFile(join(folder, LOCK_FILE));
  let artifact: IndexArtifact | undefined;
  try {
    await recover(folder);
    artifact = await openArtifact(folder);
    const { manifest, store } = artifact;
    if (store.manifest.clusters === undefined) throw fixed(folder, manifest);
    const clusters = await newClusters(artifact, runtime, reporter);
    throwIfInterrupted(signal);
    const catalogue = await rewritten(artifact, clusters, reporter, signal);
    const model = await newModel(artifact);
    const changes = await counted(artifact, clusters);
    const facts: IndexManifest = { ...manifest, changes, ...(model === undefined ? {} : { model: model.listed }) };
    const next = await publish(folder, catalogue, facts, model === undefined ? {} : { [MODEL_FILE]: model.bytes });
    return { version: next.digest, changes, parts: [store.manifest.parts.length, catalogue.parts.length] };
  } finally {
    await artifact?.close();
    await lock.release();
  }
}

/** The cluster of each catalogue picture, by row: as its build divides a catalogue. */
async function newClusters(
  { store, manifest }: IndexArtifact,
  runtime: Runtime,
  reporter: Reporter,
): Promise<ReadonlyMap<number, string>> {
  const { clusters, states } = store.manifest;
  const { branching, leafSize, zeroPadding } = defined(clusters, 'the clusters of a catalogue');
  const { catalogue } = store;
  const width = states?.width ?? 1;
  const all = store.states();
  const values = new Float32Array(catalogue.length * width);
  for (const [place, { row, id }] of catalogue.entries()) {
    if (all === undefined) values[place] = id;
    else values.set(all.subarray(row * width, (row + 1) * width), place * width);
  }
  const paths = await clustersOf(
    catalogue.length,
    branching,
    {
      ...{ order: 'clustered', zeroPadding, leafSize, runtime, points: { values, length: width } },
      onProgress: (done) =>
        reporter.progress({ phase: 'identifiers', done, total: catalogue.length, unit: 'pictures' }),
    },
    Random.stream(manifest.seed, 'identifiers'),
  );
  return new Map(catalogue.map(({ row }, place) => [row, clusterName(defined(paths[place], 'a cluster'))]));
}

/** The catalogue with other clusters, its parts cut as those of a build. */
async function rewritten(
  { folder, store }: IndexArtifact,
  clusters: ReadonlyMap<number, string>,
  reporter: Reporter,
  signal: AbortSignal | undefined,
) {
  const { manifest } = store;
  const at = join(folder, CATALOGUE_FOLDER);
  const writer = await catalogueIn(at, manifest, undefined, true);
  try {
    let first = 0;
    for (const part of manifest.parts) {
      throwIfInterrupted(signal);
      const pictures = store.rows.slice(first, first + part.rows);
      const rows = await readPart(at, part, manifest, pictures);
      for (const [i, row] of rows.entries()) await writer.append(inCluster(row, clusters.get(first + i)));
      first += part.rows;
      reporter.progress({ phase: 'settle', done: first, total: store.rows.length, unit: 'pictures' });
    }
    return { ...(await writer.describe(manifest)), notices: manifest.notices, skipped: manifest.skipped };
  } finally {
    await writer.close();
  }
}

const inCluster = (row: CatalogueRow, cluster: string | undefined): CatalogueRow =>
  cluster === undefined ? row : { ...row, cluster };

/** The model with a temperature that is fitted to the catalogue as it is; undefined where there is nothing to fit. */
async function newModel({ folder, manifest, store }: IndexArtifact) {
  const all = store.states();
  if (manifest.model === undefined || all === undefined) return undefined;
  const stored = await readModel(folder, manifest);
  const { width } = stored.geometry;
  const queries = store
    .queries('validation')
    .map((picture) => ({ row: picture.row, relevant: relevantRows(store, picture) }))
    .filter(({ relevant }) => relevant.size > 0)
    .map(({ row, relevant }) => ({ state: all.subarray(row * width, (row + 1) * width), relevant }));
  const sample = samplePlaces(store.catalogue.length, Random.stream(manifest.seed, 'calibration'));
  const rows = sample.map((place) => defined(store.catalogue[place], 'a catalogue picture').row);
  const temperature = fitTemperature(queries, all, width, rows);
  if (temperature === undefined) return undefined;
  const bytes = serialiseForIndex({ ...stored, memory: { rows: new Float32Array(), temperature } });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { bytes, listed: { ...manifest.model, bytes: bytes.length, sha256 } };
}

/** One change more. Every picture whose cluster is another one has another identifier. */
async function counted(
  { manifest, store }: IndexArtifact,
  clusters: ReadonlyMap<number, string>,
): Promise<ChangeCounts> {
  const before = manifest.changes;
  const renamed = store.catalogue.filter(({ row, cluster }) => clusters.get(row) !== cluster).length;
  const nextId = before?.nextId ?? store.manifest.builtIds;
  const { revision = 0, added = 0, removed = 0, learned = 0 } = before ?? {};
  return { revision: revision + 1, nextId, added, removed, learned, renamed: (before?.renamed ?? 0) + renamed };
}
