import { resolve } from 'node:path';
import { type Reporter, silentReporter } from '@neurodex/core';
import type { BuildPlan } from '../build/plan.ts';
import { readRecordedRun } from '../build/unfinished-run.ts';
import { createIndex, type IndexSummary } from '../jobs/create-index.ts';
import { planIndex as planOf } from '../jobs/plan-index.ts';
import { rejectingWith } from './aborted.ts';
import type { BuildEvent, BuildOptions, BuildStage, PlanOptions } from './build-options.ts';
import { changedConfiguration } from './changed-configuration.ts';
import type { Job } from './job.ts';
import { openPicturesFrom } from './open-pictures.ts';
import { pathOf } from './read-query.ts';
import { runJob } from './run-job.ts';

/**
 * Builds an index: trains a network that is the index of the pictures. The job tells its stages and how far they are; the folder appears
 * under its name when the index is complete.
 *
 * A build that is aborted, or whose process is killed, leaves what it has done in `<out>.partial`, once a stage was complete:
 * `resume: true` goes on from there, and ends with the index that it would have been.
 *
 * @throws NeurodexError `source-*`, `config-*`, `output-exists`, `run-unfinished` where `<out>.partial` is there and neither `resume` nor
 *   `force` is set, `run-changed`, `run-locked`, `training-diverged`, `disk-full`; the reason of the signal
 * @example
 * ```ts
 * import { buildIndex, openIndex } from 'neurodex';
 *
 * const build = buildIndex({ source: './photos', out: 'photos.index', preset: 'quick', config: { pictures: { size: 16 } } });
 * for await (const event of build) {
 *   if (event.kind === 'progress') process.stderr.write(`${event.stage} ${event.done}/${event.total}\r`);
 * }
 * const { index, catalogue } = await build;
 * await using opened = await openIndex(index);
 * console.log(catalogue, opened.size); // → 15 15
 * ```
 */
export function buildIndex(options: BuildOptions): Job<IndexSummary, BuildEvent> {
  const { signal } = options;
  let stage: BuildStage = 'open';
  const onStage = (next: BuildStage): void => {
    stage = next;
  };
  return runJob({
    signal,
    describe: (event) => ({ ...event, stage }),
    run: (reporter) => build(options, reporter, onStage),
  });
}

async function build(
  options: BuildOptions,
  reporter: Reporter,
  onStage: (stage: BuildStage) => void,
): Promise<IndexSummary> {
  const { resume = false, force = false, tracking, signal, environment = process.env } = options;
  const out = resolve(pathOf(options.out));
  const begun = resume ? await readRecordedRun(out, { orComplete: !force }) : undefined;
  const systems = options.systems ?? begun?.systems;
  const seed = options.seed ?? begun?.seed ?? 0;
  const asked = changedConfiguration(options, begun?.config);
  const opening = { config: asked, seed, environment, reporter, signal };
  const { dataset, config } = await openPicturesFrom(options.source, options, opening);
  return await createIndex({
    ...{ dataset, config, out, seed, force, resume, environment, reporter, onStage },
    onNan: options.onNan ?? begun?.onNan ?? 'stop',
    device: options.device ?? begun?.device ?? 'cpu',
    ...(systems === undefined ? {} : { systems }),
    ...(tracking === undefined ? {} : { tracking }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/**
 * What a build would take, by stage: nothing is trained, and nothing is written but the files of a data set that is downloaded.
 *
 * @throws NeurodexError `source-*`, `config-*`; the reason of the signal
 * @example
 * ```ts
 * import { planIndex } from 'neurodex';
 *
 * const { pictures, stages } = await planIndex({ source: './photos' });
 * // A stage says how many seconds it will take, where that is known.
 * console.log(pictures.catalogue, stages.map(({ name }) => name).join(' '));
 * // → 54 decode split describe see identify write read finish
 * ```
 */
export async function planIndex(options: PlanOptions): Promise<BuildPlan> {
  const { signal, systems, seed = 0, device = 'cpu', environment = process.env } = options;
  return await rejectingWith(signal, async () => {
    const opening = { config: changedConfiguration(options), seed, environment, reporter: silentReporter, signal };
    const { dataset, config } = await openPicturesFrom(options.source, options, opening);
    return await planOf({ dataset, config, systems, seed, device, environment, reporter: silentReporter, signal });
  });
}
