/**
 * What operating systems, network drives and tools leave in a folder: nobody means it, and its pictures (Synology's
 * thumbnails, deleted files in a recycle bin) belong to no class.
 */
const LEFTOVERS: ReadonlySet<string> = new Set([
  '__macosx',
  'thumbs.db',
  'ehthumbs.db',
  'ehthumbs_vista.db',
  'desktop.ini',
  'icon\r',
  '$recycle.bin',
  'recycler',
  'system volume information',
  'found.000',
  'lost+found',
  'network trash folder',
  'temporary items',
  '@eadir',
  '@tmp',
  '@recycle',
  '@recently-snapshot',
  '#recycle',
  '#snapshot',
  'picasa.ini',
  'node_modules',
  '__pycache__',
]);

/** Why such a file or folder is left out; undefined for one that a person put there. */
export function leftoverReason(name: string): string | undefined {
  if (name.startsWith('.')) return 'hidden';
  return LEFTOVERS.has(name.toLowerCase()) ? 'left by the system or a tool' : undefined;
}

/** macOS writes one `._x` for each x. */
export const kindOfLeftover = (name: string): string => (name.startsWith('._') ? '._…' : name);
