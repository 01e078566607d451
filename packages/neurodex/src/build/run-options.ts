import type { Runtime } from '@neurodex/autograd';
import { trackedReporter } from '@neurodex/tracking';
import type { CheckpointFolder } from '../training/checkpoint-folder.ts';
import { nodeMachine } from '../training/node-machine.ts';
import type { RunOptions } from '../training/run.ts';
import type { Build } from './build.ts';

/** How a stage that trains is watched and stopped, and where it keeps its checkpoints. */
export const runOptions = (
  build: Build,
  checkpoints: CheckpointFolder,
): RunOptions & { readonly runtime: Runtime } => ({
  seed: build.seed,
  runtime: build.runtime,
  machine: nodeMachine,
  tracker: build.tracker,
  reporter: trackedReporter(build.reporter, build.tracker),
  signal: build.signal,
  onNan: build.onNan,
  ...(build.keepUnfinished === false
    ? {}
    : {
        checkpoints: {
          save: (each) => checkpoints.save(each, { seconds: build.elapsed(), logBytes: build.log.sync() }),
          settled: () => checkpoints.settled(),
        },
      }),
});
