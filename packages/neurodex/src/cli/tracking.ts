import { basename, dirname } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import { TRACKER_NAMES, TRACKERS, type TrackerName, type TrackingRequest } from '@neurodex/tracking';
import type { Command } from 'commander';
import { parseTrackers, text } from './arguments.ts';

/** Flags of the commands that train. */
export interface TrackingFlags {
  readonly track?: readonly TrackerName[];
  readonly runName?: string;
  readonly wandbProject?: string;
}

export const withTracking = (command: Command): Command =>
  command
    .option(
      '--track <names>',
      `also show the run in: ${TRACKER_NAMES.join(', ')}; separated by commas, may be repeated`,
      parseTrackers,
    )
    .option('--run-name <name>', 'what the run is called there (the name of the folder by default)', text('--run-name'))
    .option('--wandb-project <name>', 'project on W&B (WANDB_PROJECT, or vit-dsi-project)', text('--wandb-project'));

/**
 * What the flags and the environment ask for; nothing where they ask for nothing.
 * @param out absolute path of the folder that the command makes: trackers' files go beside it
 * @throws NeurodexError `usage`
 */
export function trackingOf(
  { track = [], runName, wandbProject }: TrackingFlags,
  out: string,
  env: TrackingRequest['env'],
): { readonly tracking?: TrackingRequest } {
  const idle: Record<string, string | undefined> = {
    ...(track.length === 0 ? { '--run-name': runName } : {}),
    ...(track.includes('wandb') ? {} : { '--wandb-project': wandbProject }),
  };
  for (const [flag, value] of Object.entries(idle)) {
    if (value === undefined) continue;
    const needed = flag === '--wandb-project' ? '--track wandb' : `--track ${TRACKER_NAMES.join(' or ')}`;
    throw new NeurodexError('usage', `${flag} is of no use without ${needed}`, {
      hint: `add ${needed}, or leave out ${flag}`,
      details: { flag },
    });
  }
  for (const name of track) {
    const problem = TRACKERS[name].problem(env);
    if (problem === undefined) continue;
    throw new NeurodexError('usage', `--track ${name}: ${problem.message}`, {
      hint: problem.hint,
      details: { flag: '--track', value: name },
    });
  }
  if (track.length === 0) return {};
  const run = { name: runName ?? basename(out), named: runName !== undefined };
  return { tracking: { trackers: track, folder: dirname(out), run, env, wandbProject } };
}
