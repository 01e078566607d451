import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Device, Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, NeurodexError, type Reporter } from '@neurodex/core';
import { jsonLine } from '@neurodex/core/storage';
import { applyRules, type Dataset, type SkippedFile } from '@neurodex/datasets';
import { type ObjectStore, openStore, putContent } from '@neurodex/objects';
import { type CatalogueManifest, FORMAT, manifestText, versionOf } from '../artifact/catalogue-manifest.ts';
import { type IndexArtifact, openArtifact } from '../artifact/index-artifact.ts';
import { INDEX_FILE } from '../artifact/manifest.ts';
import { portablePath } from '../build/portable.ts';
import { hasRecord } from '../build/stage-record.ts';
import { PictureDescriber } from '../changes/describe-pictures.ts';
import { checkConfig } from '../check-config.ts';
import type { Config } from '../config.ts';
import { byPath } from '../pictures/split.ts';
import type { SystemName } from '../query/system.ts';
import { balancedClusters } from '../shards/balanced-clusters.ts';
import { catalogueStates } from '../shards/catalogue-states.ts';
import { filesIn, putFiles } from '../shards/folder-files.ts';
import { PlanWork, requestDigest, type SegmentRecord } from '../shards/plan-work.ts';
import { claimPlace, findPlan, type ShardFile, type ShardPlan, writePlan } from '../shards/records.ts';
import { sampleOf } from '../shards/sample.ts';
import { writeContents } from '../shards/write-contents.ts';
import { VERSION } from '../version.ts';
import { createIndex } from './create-index.ts';

export interface PlanShardsOptions {
  readonly dataset: Dataset;
  readonly config: Config;
  readonly systems?: readonly SystemName[] | undefined;
  readonly seed: number;
  /** S, 1 or more. */
  readonly shards: number;
  /** Pictures that the shared network learns from, and that shards are cut by. */
  readonly sample: number;
  /** A folder, or `s3://bucket/prefix`. */
  readonly place: string;
  /** Folder to work in; it is removed when the plan is there. */
  readonly work: string;
  readonly device: Device;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

export interface PlannedShards {
  readonly place: string;
  readonly digest: string;
  /** False where the same plan was there already. */
  readonly planned: boolean;
  /** Catalogue pictures. */
  readonly catalogue: number;
  /** Catalogue pictures of each shard. */
  readonly shards: readonly number[];
  readonly skipped: number;
  /** Pictures that are copies of queries, and in no shard; null where the plan was there already. */
  readonly copies: number | null;
}

/** A shard may have so many times its share of the pictures. */
const SLACK = 1.25;

/**
 * Divides the pictures of a data set into shards: builds an index of a sample, whose network all shards share, cuts the space of its
 * states into as many clusters of about one size, and puts every picture into the store, by shard. A plan that was stopped goes on
 * where it was.
 * @throws NeurodexError `shards-taken` where the place holds another plan; `run-changed`, `run-locked`; of the data set and the build
 */
export async function planShards(options: PlanShardsOptions): Promise<PlannedShards> {
  const { config, place, reporter, environment, signal } = options;
  checkConfig(config);
  if (config.training.plan !== 'write') throw notWritten(config);
  const dataset = await applyRules(options.dataset, config.dataset, { reporter, ...(signal && { signal }) });
  const request = requestDigest({ ...options, systems: options.systems, dataset });
  const store = await openStore(place, { environment, reporter, ...(signal && { signal }) });
  await claimPlace(store, request);
  const before = await findPlan(store);
  if (before !== undefined) return summaryOf(store, before, false, null);
  const work = await PlanWork.open(options.work, request);
  try {
    const base = await openBase({ ...options, dataset }, work);
    try {
      const { plan, isWritten, copies } = await plannedOf({ ...options, dataset }, { base, work, store, request });
      await work.remove();
      return summaryOf(store, plan, isWritten, copies);
    } finally {
      await base.close();
    }
  } finally {
    await work.close();
  }
}

/** The index of a sample, built now or before. */
async function openBase(options: PlanShardsOptions, work: PlanWork): Promise<IndexArtifact> {
  const { dataset, config, systems, seed, sample, device, environment, reporter, signal } = options;
  const isThere = await readFile(join(work.base, INDEX_FILE)).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    const pictures = sampleOf(dataset, sample, Random.stream(seed, 'sample'));
    reporter.info(`the shared network learns from ${pictures.length} of ${dataset.pictures.length} pictures`);
    await createIndex({
      ...{
        dataset: { ...dataset, pictures, skipped: [] },
        out: work.base,
        config,
        seed,
        device,
        environment,
        reporter,
      },
      ...(systems === undefined ? {} : { systems }),
      force: false,
      resume: await hasRecord(`${work.base}.partial`),
      ...(signal && { signal }),
    });
  }
  return await openArtifact(work.base);
}

interface Planning {
  readonly base: IndexArtifact;
  readonly work: PlanWork;
  readonly store: ObjectStore;
  readonly request: string;
}

async function plannedOf(options: PlanShardsOptions, { base, work, store, request }: Planning) {
  const { dataset, seed, device, reporter, signal } = options;
  const { store: pictures, manifest } = base;
  const layout = pictures.manifest;
  const width = layout.states?.width;
  const model = (await base.network()).model;
  if (width === undefined || model.memory === undefined) throw notWritten(options.config);
  const queries = pictures.rows.filter(({ role }) => role !== 'catalogue');
  const names = new Set(queries.map(({ path }) => path));
  const digests = await pictures.digests();
  const catalogue = [...dataset.pictures]
    .filter(({ path, role }) => !names.has(path) && (role === undefined || role === 'catalogue'))
    .sort(byPath);
  const shards = Math.min(options.shards, pictures.catalogue.length);
  // Threads that wait for the network would take the cores from decoding.
  const runtime = nodeRuntime({ device, spinning: false });
  const centres = await balancedClusters(catalogueStates(base.store, width), {
    ...{ count: shards, width, runtime },
    random: Random.stream(seed, 'shards'),
  });
  const describer = await PictureDescriber.open(base, runtime, reporter);
  let segments: readonly SegmentRecord[];
  try {
    segments = await writeContents({
      source: dataset.source,
      pictures: catalogue,
      queries: new Set(queries.map(({ row }) => defined(digests[row], 'the digest of a file'))),
      ...{ describer, centres, layout, work, store, reporter, signal },
      capacity: Math.ceil((SLACK * catalogue.length) / shards),
    });
  } finally {
    await describer.close();
  }
  const skipped = [...dataset.skipped, ...segments.flatMap((segment) => segment.skipped)];
  const contents = await contentsOf(shards, segments, layout, store);
  const facts = {
    ...{ neurodex: VERSION, created: manifest.created, request, seed, width, temperature: model.memory.temperature },
    dataset: { name: dataset.name, source: portablePath(dataset.source) },
    catalogue: contents.reduce((sum, { pictures: own }) => sum + own, 0),
    base: await putBase(base, store),
    shards: contents,
    skipped: await putSkipped(skipped, store),
  };
  return { ...(await writePlan(store, facts)), copies: segments.reduce((sum, { copies }) => sum + copies, 0) };
}

/** The manifest of what each shard holds, of those that hold anything. */
async function contentsOf(
  shards: number,
  segments: readonly SegmentRecord[],
  layout: CatalogueManifest,
  store: ObjectStore,
): Promise<ShardPlan['shards']> {
  const contents: ShardPlan['shards'] = [];
  for (let shard = 0; shard < shards; shard++) {
    const parts = segments.flatMap((segment) => segment.parts.filter(([of]) => of === shard).map(([, part]) => part));
    if (parts.length === 0) continue;
    const { size, hasClasses, embeddings, states, clusters, vectors, metadata, notices } = layout;
    const rows = parts.reduce((sum, part) => sum + part.rows, 0);
    const manifest: CatalogueManifest = {
      ...{ format: FORMAT, version: versionOf(parts), size, rows, hasClasses, parts, notices, skipped: [] },
      builtIds: (parts.at(-1)?.last ?? 0) + 1,
      // The network has seen a sample: what it has not seen is not withheld from it.
      learnedIds: 0,
      givenRoles: true,
      ...(embeddings && { embeddings }),
      ...(states && { states }),
      ...(clusters && { clusters }),
      ...(vectors && { vectors }),
      ...(metadata && { metadata }),
    };
    const { bytes, sha256 } = await putContent(store, new TextEncoder().encode(manifestText(manifest)));
    contents.push({ pictures: rows, content: { bytes, sha256 } });
  }
  return contents;
}

async function putBase(base: IndexArtifact, store: ObjectStore): Promise<ShardFile[]> {
  const files = await filesIn(base);
  await putFiles(base.folder, files, store);
  return files;
}

async function putSkipped(skipped: readonly SkippedFile[], store: ObjectStore): Promise<ShardPlan['skipped']> {
  const lines = skipped.map(({ path, reason }) => jsonLine({ path, reason }));
  const { bytes, sha256 } = await putContent(store, Buffer.concat(lines));
  return { bytes, sha256, pictures: skipped.length };
}

const summaryOf = (
  { place }: ObjectStore,
  plan: ShardPlan,
  planned: boolean,
  copies: number | null,
): PlannedShards => ({
  ...{ place, digest: plan.digest, planned, copies, catalogue: plan.catalogue, skipped: plan.skipped.pictures },
  shards: plan.shards.map(({ pictures }) => pictures),
});

const notWritten = ({ training }: Config): NeurodexError =>
  new NeurodexError('config-invalid', `shards have written memories, and training.plan is ${training.plan}`, {
    hint: 'use the preset default, whose training.plan is write, with the system dsi',
    details: { keys: ['training.plan'] },
  });
