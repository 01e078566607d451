import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where downloads are kept: `NEURODEX_CACHE`, else a folder `neurodex` in the platform's usual place for caches
 * (XDG Base Directory Specification on Linux).
 * @example
 * ```ts
 * import { cacheFolder } from '@neurodex/datasets';
 *
 * console.log(cacheFolder({ NEURODEX_CACHE: '/data/cache' })); // → /data/cache
 * ```
 */
export function cacheFolder(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  const own = environment.NEURODEX_CACHE;
  // Set and empty is as good as not set, for this as for the others.
  if (own?.trim()) return own;
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'neurodex');
  if (platform === 'win32') return join(environment.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'neurodex');
  const shared = environment.XDG_CACHE_HOME;
  // The specification asks to ignore relative paths.
  return join(shared?.startsWith('/') ? shared : join(home, '.cache'), 'neurodex');
}
