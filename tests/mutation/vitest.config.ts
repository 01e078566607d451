import { mergeConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import shared from '../../vitest.config.ts';
import { GROUPS, LEFT_OUT, SLOW } from './groups.ts';

/** Quick files first, in the order of their names. */
class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => SLOW.findIndex((slow) => moduleId.endsWith(slow));
    return files.sort((a, b) => rank(a) - rank(b) || a.moduleId.localeCompare(b.moduleId));
  }
}

const group = GROUPS.find(({ name }) => name === process.env.NEURODEX_MUTATION_GROUP);

const config = mergeConfig(shared, {
  // Counting what every line does makes hot loops many times slower.
  test: { maxWorkers: 1, testTimeout: 300_000, hookTimeout: 300_000, sequence: { sequencer: QuickFirst } },
});
// mergeConfig would append to the shared list.
// All of a group in one project.
config.test.projects = undefined;
config.test.include = [...(group?.tests ?? [])];
config.test.exclude = [...LEFT_OUT];

export default config;
