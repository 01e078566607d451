import { accessSync, constants } from 'node:fs';

/** Debian's names and others'. The first is Chromium without its windows, which takes less time. */
const PLACES = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
] as const;

/** What browser tests need, in words. */
export const MISSING_CHROMIUM = `no Chromium at ${PLACES.join(', ')} or at NEURODEX_CHROMIUM (on Debian: apt-get install chromium-headless-shell)`;

/**
 * The program of Chromium: `NEURODEX_CHROMIUM`, or where systems put it; undefined where there is none.
 * @throws Error where there is none and `NEURODEX_REQUIRE_BROWSER` is 1
 */
export function findChromium(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const { NEURODEX_CHROMIUM: named, NEURODEX_REQUIRE_BROWSER: required } = environment;
  const found = (named === undefined ? PLACES : [named]).find(isProgram);
  if (found === undefined && required === '1') throw new Error(MISSING_CHROMIUM);
  return found;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
