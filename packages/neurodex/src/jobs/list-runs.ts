import { lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Reporter } from '@neurodex/core';
import { type FailedInput, failedInput, NeurodexError, tooFewLeft, withFailed } from '@neurodex/core';
import { DONE, type LoggedStep, RUN_LOG, type RunHistory, readRunLog } from '@neurodex/tracking';

export interface RunsOptions {
  /** Absolute paths of indexes, of folders that hold some, or of run logs. */
  readonly places: readonly string[];
  readonly reporter: Reporter;
}

/** How a run stands: it ended well, something stopped it, or its log has no end (it goes on, or was killed). */
export type RunState = 'done' | 'stopped' | 'unfinished';

export interface RunFacts {
  /** Folder of the run log. */
  readonly run: string;
  readonly state: RunState;
  /** What stopped it; null unless stopped. */
  readonly reason: string | null;
  /** ISO 8601; null where the log does not say. */
  readonly started: string | null;
  readonly ended: string | null;
  readonly seed: number | null;
  readonly dataset: Readonly<Record<string, unknown>>;
  readonly phases: readonly string[];
  /** The last step. */
  readonly steps: number;
  /** Spent in steps. */
  readonly seconds: number;
  /** Mean over the run; null without steps, as each of the figures that follow. */
  readonly picturesPerSecond: number | null;
  readonly loss: { readonly first: number; readonly last: number; readonly least: number } | null;
  readonly tokenAccuracy: number | null;
  readonly gradientNorm: number | null;
  readonly validation: Readonly<
    Record<string, { readonly last: number; readonly best: number; readonly step: number }>
  >;
  readonly skipped: number;
  readonly config: Readonly<Record<string, unknown>>;
}

export interface RunsFound {
  readonly runs: readonly RunFacts[];
  /** Configuration keys, seed and data set that are not the same in all runs: key → a value for each run. */
  readonly differences: Readonly<Record<string, readonly unknown[]>>;
  /** What sparklines are drawn from, for each run. */
  readonly histories: readonly RunHistory[];
  /** Places without a run, and logs that cannot be read. */
  readonly failed?: readonly FailedInput[];
}

/** Folders below a place that are looked into: an index in it, or the index of a demo in it. */
const DEPTH = 2;

/**
 * The runs of some folders, in the order of the folders and then of their beginnings.
 * A place without one is in `failed`, as long as another has one.
 * @throws NeurodexError `run-missing`
 */
export async function listRuns({ places, reporter }: RunsOptions): Promise<RunsFound> {
  const found: FoundRun[] = [];
  const seen = new Set<string>();
  const failed: FailedInput[] = [];
  for (const place of places) {
    try {
      found.push(...(await runsAt(place, seen, reporter)));
    } catch (error) {
      failed.push(failedInput(place, error));
    }
  }
  if (found.length === 0 && failed.length > 0) throw tooFewLeft(failed);
  const runs = found.map(({ facts }) => facts);
  return {
    runs,
    differences: differencesOf(runs),
    histories: found.map(({ history }) => history),
    ...withFailed(failed),
  };
}

interface FoundRun {
  readonly facts: RunFacts;
  readonly history: RunHistory;
}

/** @param seen logs that were read already: another place may be above this one */
async function runsAt(place: string, seen: Set<string>, reporter: Reporter): Promise<FoundRun[]> {
  const logs = await logsAt(place, DEPTH);
  if (logs.length === 0) {
    throw new NeurodexError('run-missing', `there is no run log (${RUN_LOG}) in ${place}`, {
      hint: 'name an index, a folder that holds some, or the folder of a run that goes on',
      details: { path: place },
    });
  }
  const here: FoundRun[] = [];
  for (const log of logs.filter((path) => !seen.has(path))) {
    seen.add(log);
    const history = await readRunLog(log);
    if (history.damaged > 0) {
      reporter.warn(`${log}: ${history.damaged} lines cannot be read and are left out`, { path: log });
    }
    here.push({ facts: factsOf(dirname(log), history), history });
  }
  return here.sort((a, b) => (a.facts.started ?? '').localeCompare(b.facts.started ?? ''));
}

/** Run logs at a path, or in the folders below it. */
async function logsAt(path: string, depth: number): Promise<string[]> {
  let names: string[];
  try {
    if ((await lstat(path)).isFile()) return [path];
    const entries = await readdir(path, { withFileTypes: true });
    if (entries.some((entry) => entry.name === RUN_LOG && entry.isFile())) return [join(path, RUN_LOG)];
    const folders = entries.filter((entry) => entry.isDirectory() && !/^(\.|node_modules$)/.test(entry.name));
    names = folders.map(({ name }) => name).sort();
  } catch {
    return [];
  }
  if (depth === 0) return [];
  return (await Promise.all(names.map((name) => logsAt(join(path, name), depth - 1)))).flat();
}

function factsOf(run: string, history: RunHistory): RunFacts {
  const { steps, end, started, seed, dataset, skipped, config } = history;
  const [first, last] = [steps[0], steps.at(-1)];
  const sum = (of: (step: LoggedStep) => number) =>
    steps.reduce((total, step) => total + (Number.isFinite(of(step)) ? of(step) : 0), 0);
  const seconds = sum((step) => step.seconds);
  const pictures = sum((step) => step.picturesPerSecond * step.seconds);
  return {
    run,
    state: end === undefined ? 'unfinished' : end.reason === DONE ? 'done' : 'stopped',
    reason: end === undefined || end.reason === DONE ? null : end.reason,
    started: started ?? null,
    ended: end?.time ?? null,
    seed: seed ?? null,
    dataset,
    phases: [...new Set(steps.map(({ phase }) => phase))],
    steps: last?.step ?? 0,
    seconds,
    picturesPerSecond: seconds > 0 ? pictures / seconds : null,
    loss:
      first === undefined || last === undefined
        ? null
        : {
            first: first.loss,
            last: last.loss,
            least: steps.reduce((m, { loss }) => (loss < m ? loss : m), first.loss),
          },
    tokenAccuracy: last?.tokenAccuracy ?? null,
    gradientNorm: last?.gradientNorm ?? null,
    validation: bestOf(history),
    skipped,
    config,
  };
}

function bestOf({ validations }: RunHistory): RunFacts['validation'] {
  const best: Record<string, { last: number; best: number; step: number }> = {};
  for (const { step, metrics } of validations) {
    for (const [name, value] of Object.entries(metrics)) {
      const before = best[name];
      best[name] =
        before === undefined || value > before.best ? { last: value, best: value, step } : { ...before, last: value };
    }
  }
  return best;
}

function differencesOf(runs: readonly RunFacts[]): Record<string, unknown[]> {
  const flat = runs.map(({ config, seed, dataset }) => new Map(leaves({ ...config, seed, dataset }, '')));
  const keys = new Set(flat.flatMap((values) => [...values.keys()]));
  const differences: Record<string, unknown[]> = {};
  for (const key of keys) {
    const values = flat.map((each) => each.get(key) ?? null);
    if (new Set(values.map((value) => JSON.stringify(value))).size > 1) differences[key] = values;
  }
  return differences;
}

function leaves(value: Readonly<Record<string, unknown>>, path: string): [string, unknown][] {
  return Object.entries(value).flatMap(([key, inner]) => {
    const name = path === '' ? key : `${path}.${key}`;
    return typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? leaves(inner as Readonly<Record<string, unknown>>, name)
      : [[name, inner] as [string, unknown]];
  });
}
