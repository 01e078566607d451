import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, errorCode, isRecord, NeurodexError } from '@neurodex/core';
import type { Unfinished } from '@neurodex/core/storage';
import { reportDataset } from '@neurodex/datasets';
import { fanOut, openTrackers, RUN_LOG, RunLog, type TrackingRequest } from '@neurodex/tracking';
import { CATALOGUE_FOLDER, INDEX_FILE, type IndexManifest, readIndexManifest } from '../artifact/manifest.ts';
import type { Build, BuildRequest, StageFacts } from './build.ts';
import { readsEmbeddings } from './embed-stage.ts';
import { type ChosenEncoder, openChosenEncoder, refuseOtherEncoder } from './open-encoder.ts';
import { type ChosenTextEncoder, openChosenTextEncoder } from './open-text-encoder.ts';
import { readDecodedList, readSplitList } from './picture-lists.ts';
import { portableConfig, portablePath, withoutPlaces } from './portable.ts';
import { latestRead } from './read-stage.ts';
import { checkComplete, resumeRun } from './resume-run.ts';
import { latestSeen } from './see-stage.ts';
import { clearFrom, firstMissing, runStages } from './stage.ts';
import type { StageName } from './stage-names.ts';
import { readRecord, WORK_FOLDER } from './stage-record.ts';
import { STAGES } from './stages.ts';
import { latestCheckpoint, openCatalogueOf } from './train-stage.ts';
import { rewindLog, tidy } from './unfinished-run.ts';

export interface BuildIndexRequest extends BuildRequest {
  /** Trackers besides the run log; none by default. */
  readonly tracking?: TrackingRequest | undefined;
}

/** Runs the stages that an index still lacks, in its unfinished folder. */
export async function buildIndex(request: BuildIndexRequest, unfinished: Unfinished): Promise<IndexManifest> {
  const { folder } = unfinished;
  if (unfinished.resumed && existsSync(join(folder, INDEX_FILE))) {
    await checkComplete(folder, request);
    const manifest = await readIndexManifest(folder);
    await tidy(folder);
    return manifest;
  }
  await resumeRun(request, unfinished);
  const opened = await openBuild({ ...request, dataset: withoutPlaces(request.dataset) }, unfinished);
  const { build, stages, first, stopped } = opened;
  try {
    if (first > 0) await tellHowItGoesOn(build, stopped);
    await runStages(build, stages, first);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    build.tracker.track({ kind: 'end', time: new Date().toISOString(), reason });
    throw lost(folder, error);
  } finally {
    await build.tracker.close();
    await opened.close();
  }
  const manifest = defined(await build.facts('finish'), 'the manifest');
  await tidy(folder);
  return manifest;
}

/** A file of the unfinished index that is not there any more was removed by somebody else. */
function lost(folder: string, error: unknown): unknown {
  const missing = errorCode(error) === 'ENOENT' && isRecord(error) ? error.path : undefined;
  const path = error instanceof NeurodexError && error.code === 'index-missing' ? folder : missing;
  if (typeof path !== 'string' || !path.startsWith(folder)) return error;
  return new NeurodexError('output-unwritable', `${path} was removed while the index was built`, {
    hint: 'run the command again with --force, and leave the folder alone until the index is there',
    details: { path },
    cause: error,
  });
}

/** The build of a folder, at the stage where it goes on. */
async function openBuild(request: BuildIndexRequest, { folder, resumed }: Unfinished) {
  const { config, seed, dataset, reporter, device, tracking } = request;
  const runtime = nodeRuntime({ device });
  const known = new Map<StageName, unknown>();
  const log = new RunLog(join(folder, RUN_LOG), reporter);
  const folders = { folder, catalogue: join(folder, CATALOGUE_FOLDER), work: join(folder, WORK_FOLDER) };
  let chosen: Promise<ChosenEncoder | undefined> | undefined;
  let chosenText: Promise<ChosenTextEncoder | undefined> | undefined;
  const began = performance.now();
  let before = 0;
  const draft = {
    ...request,
    ...folders,
    runtime,
    log,
    elapsed: () => before + (performance.now() - began) / 1000,
    took: new Map<StageName, number>(),
    encoder() {
      const { environment, signal, ownEncoder } = request;
      const [known, keepsAll] = [ownEncoder?.facts, readsEmbeddings(request)];
      chosen ??= openChosenEncoder({ config, runtime, reporter, environment, signal, known, keepsAll });
      return chosen;
    },
    textEncoder() {
      const { environment, signal } = request;
      chosenText ??= openChosenTextEncoder({ config, runtime, reporter, environment, signal });
      return chosenText;
    },
    remember: (stage: StageName, facts: unknown) => void known.set(stage, facts),
    async facts<Name extends StageName>(stage: Name): Promise<StageFacts[Name] | undefined> {
      if (!known.has(stage)) known.set(stage, (await readRecord({ folder }, stage))?.facts);
      // The record is sealed: it holds what the stage wrote.
      return known.get(stage) as StageFacts[Name] | undefined;
    },
  };
  const untracked: Build = { ...draft, tracker: fanOut([], reporter), isTracked: false };
  const stages = STAGES.filter((stage) => stage.isPart(untracked));
  const first = await firstMissing(untracked, stages);
  if (resumed && first === 0) reporter.info(`${folder}: no stage was complete, so the build begins again`);
  await clearFrom(untracked, stages, first);
  const stopped = await whereItStopped(untracked, stages[first - 1]?.name, stages[first]?.name);
  before = stopped.seconds;
  await rewindLog(folder, stopped.logBytes);
  const trackers = await openTrackers(tracking, folder, reporter);
  const tracker = fanOut([log, ...trackers], reporter);
  tracker.track({
    kind: 'start',
    time: new Date().toISOString(),
    config: portableConfig(config),
    dataset: { name: dataset.name, source: portablePath(dataset.source) },
    seed,
    ...(first === 0 ? {} : { resumedFrom: stopped.step }),
  });
  const build: Build = { ...draft, tracker, isTracked: trackers.length > 0 };
  const close = async (): Promise<void> => {
    await (await chosen?.catch(() => undefined))?.encoder.release();
    await (await chosenText?.catch(() => undefined))?.encoder.release();
  };
  return { build, stages, first, stopped, close };
}

interface Stopped {
  readonly seconds: number;
  readonly logBytes: number;
  /** Of training. */
  readonly step: number;
  readonly words: string;
}

/** How far a run had come. @param last the last stage that was completed @param next the one that follows */
async function whereItStopped(
  build: Build,
  last: StageName | undefined,
  next: StageName | undefined,
): Promise<Stopped> {
  const record = last === undefined ? undefined : await readRecord(build, last);
  if (record === undefined) return { seconds: 0, logBytes: 0, step: 0, words: 'nothing was complete' };
  const { seconds, logBytes } = record;
  const complete = { seconds, logBytes, step: 0, words: `${build.folder}: ${last} is complete` };
  if (next !== 'train' && next !== 'see' && next !== 'read') return complete;
  const checkpoint =
    next === 'see' ? await latestSeen(build) : next === 'read' ? await latestRead(build) : await latestTrained(build);
  if (checkpoint === undefined && next === 'read') return complete;
  if (checkpoint === undefined)
    return { seconds, logBytes, step: 0, words: `${build.folder}: the pictures are read in, and training begins` };
  const { step } = checkpoint.state;
  return { ...checkpoint, step, words: `${build.folder} from step ${step}` };
}

async function latestTrained(build: Build) {
  const store = await openCatalogueOf(build);
  try {
    return await latestCheckpoint(build, store);
  } finally {
    await store.close();
  }
}

/** Tells how the run goes on, with the same doubts about its pictures as it began with. */
async function tellHowItGoesOn(build: Build, { words }: Stopped): Promise<void> {
  build.reporter.info(`going on with ${words}`);
  await refuseOtherEncoder(build.config, (await build.facts('embed'))?.encoder.sha256);
  const [split, decoded] = [await build.facts('split'), await build.facts('decode')];
  const known =
    split === undefined
      ? decoded && (await readDecodedList(build, decoded)).pictures
      : (await readSplitList(build, split)).rows;
  if (known !== undefined) reportDataset({ ...build.dataset, pictures: known }, build.reporter);
}
