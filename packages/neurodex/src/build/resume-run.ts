import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Reporter } from '@neurodex/core';
import { NeurodexError } from '@neurodex/core';
import { readFileSizes, type Unfinished, unfinishedName } from '@neurodex/core/storage';
import type { Dataset } from '@neurodex/datasets';
import { INDEX_FILE, type IndexManifest, readIndexManifest } from '../artifact/manifest.ts';
import type { Config } from '../config.ts';
import { showValue } from '../report/text.ts';
import { type Origin, originOf, otherOrigin, readOrigin, withoutOrigin } from './origin.ts';
import { portableConfig } from './portable.ts';
import { changedKeys } from './resume-config.ts';
import { beginRun, continueRun, RUN_FILE, type RunRequest } from './unfinished-run.ts';

/** What a run is asked to be, and who is told how it goes on. */
type ResumeOptions = RunRequest & {
  readonly dataset: Dataset;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
};

const readAll = ({ dataset, config, reporter, signal }: ResumeOptions): Promise<Origin> =>
  originOf(dataset, config, { reporter, ...(signal === undefined ? {} : { signal }) });

/** Begins a run, or resumes the unfinished one. @throws NeurodexError `run-changed` where that run began with another request */
export async function resumeRun(options: ResumeOptions, { folder, resumed }: Unfinished): Promise<void> {
  const origin = await readAll(options);
  if (resumed) await continueRun(folder, options, origin, options.reporter);
  else await beginRun(folder, options, origin);
}

/**
 * In what a complete index is not the one that a run would make, in words: its settings, its pictures and files, by their
 * contents, and the program.
 */
async function differences(folder: string, manifest: IndexManifest, asked: ResumeOptions): Promise<string[]> {
  const { seed, config, systems } = asked;
  const words: string[] = [];
  if (manifest.seed !== seed) words.push(`--seed was ${manifest.seed}, now ${seed}`);
  if (systems !== undefined && String(systems) !== String(manifest.systems))
    words.push(`--systems was ${manifest.systems.join(',')}, now ${systems.join(',')}`);
  for (const { key, before, now } of changedKeys(manifest.config as unknown as Config, portableConfig(config)))
    words.push(`${key} was ${showValue(before)}, now ${showValue(now)}`);
  const origin = await readOrigin(folder);
  if (origin === undefined) throw withoutOrigin(folder);
  return [...words, ...otherOrigin(origin, await readAll(asked), config)];
}

/** @throws NeurodexError `run-changed` unless a complete index is the one that is asked for */
async function refuseOther(folder: string, manifest: IndexManifest, asked: ResumeOptions): Promise<void> {
  const words = await differences(folder, manifest, asked);
  if (words.length === 0) return;
  throw new NeurodexError('run-changed', `${folder} is a complete index of something else: ${words.join('; ')}`, {
    hint: 'build it anew with --force, or choose another --out',
    details: { path: folder },
  });
}

/**
 * An unfinished run whose index is complete and only has no name yet: whether it is the one that is asked for.
 * @throws NeurodexError `run-changed`
 */
export async function checkComplete(folder: string, options: ResumeOptions): Promise<void> {
  if (existsSync(join(folder, RUN_FILE))) {
    await continueRun(folder, options, await readAll(options), options.reporter);
  } else {
    await refuseOther(folder, await readIndexManifest(folder), options);
  }
}

/**
 * The index that an earlier process completed; undefined where there is none.
 * @throws NeurodexError `run-changed` where it is not the one that is asked for, `index-damaged` where a file is missing
 */
export async function completedBefore(
  options: ResumeOptions & { readonly out: string },
): Promise<IndexManifest | undefined> {
  const { out, reporter } = options;
  if (existsSync(unfinishedName(resolve(out))) || !existsSync(join(out, INDEX_FILE))) return undefined;
  const manifest = await readIndexManifest(out);
  await refuseOther(out, manifest, options);
  await refuseIncomplete(out);
  reporter.info(`${out} is complete already`);
  return manifest;
}

/** Whether every file is there with its size; `neurodex inspect --verify` looks at their contents. */
async function refuseIncomplete(folder: string): Promise<void> {
  for (const { file, bytes } of (await readFileSizes(folder)) ?? []) {
    const found = await stat(join(folder, file)).catch(() => undefined);
    if (found?.size === bytes) continue;
    const what = found === undefined ? 'is not there' : `has ${found.size} bytes where it had ${bytes}`;
    throw new NeurodexError('index-damaged', `${join(folder, file)} ${what}`, {
      hint: 'build the index anew with --force, or copy it again from where it came',
      details: { file: join(folder, file) },
    });
  }
}

/** The error of a run that stays, with what to do about it. */
export function withResumeHint(error: unknown, folder: string, reporter: Reporter): unknown {
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
