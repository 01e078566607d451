import { existsSync } from 'node:fs';
import { readdir, rm, stat, truncate } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { DEVICES, type Device } from '@neurodex/autograd';
import type { Reporter } from '@neurodex/core';
import { fromFileSystem, NeurodexError, threadsFrom } from '@neurodex/core';
import { readJson, schemaProblem, whyUnreadable } from '@neurodex/core/json';
import { unfinishedName, writeFileAtomically } from '@neurodex/core/storage';
import { RUN_IDENTITY, RUN_LOG } from '@neurodex/tracking';
import { z } from 'zod';
import {
  CATALOGUE_FOLDER,
  ENCODER_FILE,
  INDEX_FILE,
  MODEL_FILE,
  NEIGHBOURS_FILE,
  readIndexManifest,
  TEXT_ENCODER_FILE,
  TEXT_MODEL_FILE,
  TOKENIZER_FILE,
  VOCABULARY_FILE,
} from '../artifact/manifest.ts';
import { RELEVANCE_FILE } from '../artifact/relevance-file.ts';
import { type Config, configSchema } from '../config.ts';
import { SYSTEM_NAMES, type SystemName } from '../query/system.ts';
import { showValue } from '../report/text.ts';
import { ON_NAN, type OnNan } from '../training/on-nan.ts';
import { VERSION } from '../version.ts';
import { DESCRIPTORS_FILE } from './build-bovw.ts';
import { ORIGIN_FILE, type Origin, otherOrigin, readOrigin, withoutOrigin, writeOrigin } from './origin.ts';
import { CHANGEABLE, changedKeys } from './resume-config.ts';
import { hasRecord, WORK_FOLDER } from './stage-record.ts';

/** What an unfinished run has in its folder beside what will be the index. */
export const RUN_FILE = 'unfinished.json';
export const CHECKPOINTS_FOLDER = 'checkpoints';
/** Of the network that reads. */
export const TEXT_CHECKPOINTS_FOLDER = 'text-checkpoints';

/** Everything that a run makes in its folder. */
export const OWN_NAMES: readonly string[] = [
  RUN_FILE,
  WORK_FOLDER,
  CHECKPOINTS_FOLDER,
  TEXT_CHECKPOINTS_FOLDER,
  CATALOGUE_FOLDER,
  ENCODER_FILE,
  ORIGIN_FILE,
  INDEX_FILE,
  MODEL_FILE,
  NEIGHBOURS_FILE,
  RELEVANCE_FILE,
  RUN_IDENTITY,
  RUN_LOG,
  TEXT_ENCODER_FILE,
  TEXT_MODEL_FILE,
  TOKENIZER_FILE,
  VOCABULARY_FILE,
  DESCRIPTORS_FILE,
];

const FORMAT = 'neurodex-unfinished';

const recordSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(1),
  /** Of the program that began it. */
  neurodex: z.string(),
  seed: z.int(),
  config: configSchema,
  /** Null for all that can be made. */
  systems: z.array(z.enum(SYSTEM_NAMES)).nullable(),
  device: z.enum(DEVICES),
  onNan: z.enum(ON_NAN),
  threads: z.int(),
});
type RunRecord = z.infer<typeof recordSchema>;

/** What a run is asked to be. */
export interface RunRequest {
  readonly seed: number;
  readonly config: Config;
  readonly systems?: readonly SystemName[] | undefined;
  readonly device: Device;
  readonly onNan?: OnNan | undefined;
}

const recordOf = ({ seed, config, systems, device, onNan = 'stop' }: RunRequest): RunRecord => ({
  format: FORMAT,
  version: 1,
  neurodex: VERSION,
  seed,
  config,
  systems: systems === undefined ? null : [...systems],
  device,
  onNan,
  threads: threadsFrom(process.env) ?? availableParallelism(),
});

export async function beginRun(folder: string, request: RunRequest, origin: Origin): Promise<void> {
  await writeRecord(folder, recordOf(request));
  await writeOrigin(folder, origin);
}

const writeRecord = (folder: string, record: RunRecord): Promise<void> =>
  writeFileAtomically(join(folder, RUN_FILE), `${JSON.stringify(record, null, 2)}\n`);

/** What a run was asked to be when it began. */
export interface RecordedRun {
  readonly config: Config;
  readonly seed: number;
  readonly systems?: readonly SystemName[];
  readonly device?: Device;
  readonly onNan?: OnNan;
}

/**
 * What the unfinished run of an index began with; where there is none and `orComplete` is set, what the index was made
 * with. Undefined where there is neither.
 */
export async function readRecordedRun(
  out: string,
  { orComplete }: { readonly orComplete: boolean },
): Promise<RecordedRun | undefined> {
  const folder = unfinishedName(resolve(out));
  if (existsSync(join(folder, RUN_FILE))) {
    const { config, seed, systems, device, onNan } = await readRecord(folder);
    return { config, seed, device, onNan, ...(systems === null ? {} : { systems }) };
  }
  if (!orComplete || !existsSync(join(out, INDEX_FILE))) return undefined;
  const { config, seed } = await readIndexManifest(out);
  const parsed = configSchema.safeParse(config);
  return parsed.success ? { config: parsed.data, seed } : undefined;
}

async function readRecord(folder: string): Promise<RunRecord> {
  const file = join(folder, RUN_FILE);
  let reason: string;
  try {
    const parsed = recordSchema.safeParse(await readJson(file));
    if (parsed.success) return parsed.data;
    reason = schemaProblem(parsed.error);
  } catch (error) {
    reason = `it ${whyUnreadable(error)}`;
  }
  throw new NeurodexError('index-damaged', `${file} does not describe a run that can be gone on with: ${reason}`, {
    hint: 'go on with the version of Neurodex that began it, or start anew with --force',
    details: { path: file },
  });
}

/**
 * Compares an unfinished run with what it is asked to be now, and notes what may change.
 * @throws NeurodexError `run-changed` naming every difference that may not be
 */
export async function continueRun(
  folder: string,
  request: RunRequest,
  origin: Origin,
  reporter: Reporter,
): Promise<void> {
  const before = await readRecord(folder);
  const now = recordOf(request);
  const keys = changedKeys(before.config, now.config);
  const differences = keys.filter(({ allowed }) => !allowed).map(({ key, before: was, now: is }) => ({ key, was, is }));
  if (before.seed !== now.seed) differences.push({ key: '--seed', was: before.seed, is: now.seed });
  const systemsOf = ({ systems }: RunRecord) => systems?.join(',') ?? 'all';
  if (systemsOf(before) !== systemsOf(now)) {
    differences.push({ key: '--systems', was: systemsOf(before), is: systemsOf(now) });
  }
  const began = await readOrigin(folder);
  const others = began === undefined ? [] : otherOrigin(began, origin, request.config);
  if (differences.length > 0 || others.length > 0) {
    const words = differences.map(({ key, was, is }) => `${key} was ${showValue(was)}, now ${showValue(is)}`);
    throw new NeurodexError(
      'run-changed',
      `the run in ${folder} began with something else: ${[...words, ...others].join('; ')}`,
      {
        hint: `go on with what it began with, start anew with --force, or choose another --out; these may change: ${CHANGEABLE.join(', ')}`,
        details: { path: folder, keys: differences.map(({ key }) => key) },
      },
    );
  }
  if (began === undefined) {
    // It was cut off before it had noted what it is made of, and so before any stage was complete.
    if (await hasRecord(folder)) throw withoutOrigin(folder);
    await writeOrigin(folder, origin);
  }
  for (const { key, before: was, now: is } of keys) reporter.info(`${key} was ${showValue(was)}, now ${showValue(is)}`);
  for (const [what, was, is] of [
    ['device', before.device, now.device],
    ['number of threads', before.threads, now.threads],
  ]) {
    if (was !== is) {
      reporter.info(
        `the run began with the ${what} ${was} and goes on with ${is}: its numbers will not be the same to the last digit`,
      );
    }
  }
  await writeRecord(folder, now);
}

/** Cuts off what the run log has after a state that is gone on with: it is logged again. */
export async function rewindLog(folder: string, bytes: number): Promise<void> {
  const log = join(folder, RUN_LOG);
  try {
    if ((await stat(log)).size > bytes) await truncate(log, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw fromFileSystem(error, log);
  }
}

/** Removes what only an unfinished run needs. */
export async function tidy(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const leftover =
      [CHECKPOINTS_FOLDER, WORK_FOLDER, RUN_FILE].includes(name) || /\.partial-\d+-[0-9a-f]+$/.test(name);
    if (leftover) await rm(join(folder, name), { recursive: true, force: true });
  }
}
