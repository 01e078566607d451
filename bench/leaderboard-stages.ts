import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { KeptResults } from './kept-results.ts';
import { ONE_STEP, pictureFiles, SETS, type SetName } from './leaderboard-sets.ts';
import { runChild } from './run-child.ts';
import { median } from './statistics.ts';

const CHILD = fileURLToPath(new URL('leaderboard-stages-child.ts', import.meta.url));
/** This checkout. */
export const HERE = fileURLToPath(new URL('..', import.meta.url));

const stagesSchema = z.record(z.string(), z.number());

/** Seconds of the stages of a build beside `see`. */
export interface StageSeconds {
  /** Of this commit. */
  readonly now: number;
  /** Of the commit before, where there is a checkout of it; else of this one. */
  readonly before: number;
  /** Medians by stage. */
  readonly stages: Readonly<Record<'now' | 'before', Readonly<Record<string, number>>>>;
  readonly commits: Readonly<Record<'now' | 'before', string>>;
}

export interface StagesRequest {
  /** Of picture files, which both builds read. */
  readonly folder: string;
  /** A checkout of the commit before, installed; undefined for none. */
  readonly before: string | undefined;
  readonly rounds: number;
  readonly kept: KeptResults;
  log(message: string): void;
}

/** Builds an index of a set by this commit and by the one before, in turns. */
export async function stageSeconds(set: SetName, request: StagesRequest): Promise<StageSeconds> {
  const { folder, rounds, kept, log } = request;
  const before = request.before === undefined ? undefined : resolve(request.before);
  const files = await pictureFiles(set, folder);
  const measured = { now: [] as Record<string, number>[], before: [] as Record<string, number>[] };
  const sides = { now: HERE, ...(before === undefined ? {} : { before }) };
  for (let round = 0; round < rounds; round++) {
    for (const side of ['now', 'before'] as const) {
      const checkout = sides[side];
      if (checkout === undefined) continue;
      const settings = { commit: commitOf(checkout) };
      const stages = await kept.of(`${set}-stages-${side}-${round}`, { schema: stagesSchema, settings }, () =>
        stagesOf(set, { checkout, files, isBefore: side === 'before' }),
      );
      log(`  ${Object.entries(stages).map(([stage, seconds]) => `${stage} ${seconds.toFixed(1)} s`)}`);
      measured[side].push(stages);
    }
  }
  const now = medians(measured.now);
  const stages = { now, before: before === undefined ? now : medians(measured.before) };
  return {
    now: withoutSee(stages.now),
    before: withoutSee(stages.before),
    stages,
    commits: { now: commitOf(HERE), before: commitOf(before ?? HERE) },
  };
}

interface Build {
  readonly checkout: string;
  readonly files: string;
  readonly isBefore: boolean;
}

/** The commit before has the patches of its own preset: they change nothing but the stage `see`. */
async function stagesOf(set: SetName, { checkout, files, isBefore }: Build): Promise<Record<string, number>> {
  const { preset, settings, patches } = SETS[set];
  const out = await mkdtemp(join(tmpdir(), 'neurodex-stages-'));
  try {
    const patch = `model.patchSize=${patches[isBefore ? 'sixteen' : 'four']}`;
    const args = [checkout, files, join(out, 'index'), preset, ...settings, patch, ...ONE_STEP];
    return stagesSchema.parse(JSON.parse(await runChild(CHILD, args, () => {})));
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

function medians(runs: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = Object.keys(runs[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(runs.map((run) => run[name] ?? Number.NaN))]));
}

const withoutSee = (stages: Readonly<Record<string, number>>): number =>
  Object.entries(stages).reduce((sum, [stage, seconds]) => sum + (stage === 'see' ? 0 : seconds), 0);

/** The commit of a checkout, and whether it was changed. */
export function commitOf(checkout: string): string {
  const git = (...argv: string[]) => execFileSync('git', ['-C', checkout, ...argv], { encoding: 'utf8' }).trim();
  return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' (changed)'}`;
}
