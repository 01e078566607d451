import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Test files that run for more than 20 seconds, the longest first; those with a browser, which takes several cores, apart from each other. */
export const LONGEST = [
  'packages/web/tests/site.test.ts',
  'packages/web/tests/indexing-site.test.ts',
  'tests/examples/examples.test.ts',
  'packages/neurodex/src/jobs/change-shards.test.ts',
  'tests/resume.test.ts',
  'packages/web/tests/exported-site.test.ts',
  'tests/first-steps.test.ts',
  'tests/serve.test.ts',
  'packages/neurodex/src/server/shard-servers.test.ts',
  'tests/stopping.test.ts',
  'tests/contents.test.ts',
  'packages/web/tests/browser-runtime.test.ts',
  'packages/neurodex/src/shards/drivers/bullmq.test.ts',
  'packages/neurodex/src/server/shard-store.test.ts',
  'packages/datasets/src/datasets/hub.test.ts',
  'packages/neurodex/src/cli/readers.test.ts',
  'packages/neurodex/src/jobs/bovw.test.ts',
  'packages/neurodex/src/server/replaced.test.ts',
  'tests/cli.test.ts',
  'packages/neurodex/src/jobs/encoder.test.ts',
  'packages/neurodex/src/jobs/jobs.test.ts',
  'packages/web/tests/encoder-site.test.ts',
  'bench/attack-server.test.ts',
  'bench/shards.test.ts',
  'packages/neurodex/src/jobs/resume-write.test.ts',
  'packages/neurodex/src/jobs/shards.test.ts',
  'packages/neurodex/src/jobs/text-encoder.test.ts',
  'packages/neurodex/src/training/loop.test.ts',
] as const;

/**
 * Starts the longest files first, so that none of them runs alone at the end. A clean clone has no durations of earlier runs, and
 * the size of a file says little: that of the site is among the smallest.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a.moduleId) - rank(b.moduleId));
  }
}

function rank(file: string): number {
  const at = LONGEST.findIndex((path) => file.endsWith(`/${path}`));
  return at < 0 ? LONGEST.length : at;
}
