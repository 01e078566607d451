import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { registryBehind } from '../registry.ts';
import { installRuntime, type RuntimeName } from './runtimes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const VITEST = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));

/** The tests of the repository on versions of Node. The workspace has to be built. @returns the exit status */
export async function runSuite(
  names: readonly RuntimeName[],
  folder: string,
  log: (line: string) => void,
): Promise<number> {
  const failed: string[] = [];
  for (const name of names.filter((each) => each.startsWith('node-'))) {
    const runtime = await installRuntime(name, folder, registryBehind());
    if (runtime === null) {
      log(`left out: the registry has no ${name} for ${process.platform}-${process.arch}`);
      continue;
    }
    log(`the tests on ${runtime.title}`);
    // Programs that tests start by the name `node` are this one, too.
    const env = { ...process.env, PATH: `${dirname(runtime.program)}:${process.env.PATH}` };
    const { status } = spawnSync(runtime.program, [VITEST, 'run'], { cwd: ROOT, env, stdio: 'inherit' });
    if (status !== 0) failed.push(runtime.title);
  }
  log(failed.length === 0 ? 'the tests pass on all' : `the tests fail on ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}
