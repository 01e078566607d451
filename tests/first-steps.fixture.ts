import { spawnSync } from 'node:child_process';
import { ARTISTS } from '../packages/datasets/src/datasets/emoji/artists.ts';
import { isCached } from '../packages/datasets/src/datasets/emoji/npm-package.ts';
import { MISSING_CLONE } from './clone.fixture.ts';

/**
 * Why the first steps cannot be done here: tests use no network, so the emoji have to be in the cache.
 * @throws Error where they cannot and `NEURODEX_REQUIRE_DEMO` is 1
 */
export async function missingForFirstSteps(environment: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const cached = await Promise.all(ARTISTS.map((artist) => isCached(artist.package)));
  const hasTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;
  const reason =
    MISSING_CLONE ??
    (cached.includes(false) ? 'the emoji packages are not in the cache: run the demo once' : undefined) ??
    (hasTerminal ? undefined : 'there is no script of util-linux');
  if (reason !== undefined && environment.NEURODEX_REQUIRE_DEMO === '1') throw new Error(reason);
  return reason;
}
