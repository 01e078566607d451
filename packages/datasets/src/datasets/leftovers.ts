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
  'sthumbs.db',
  'zbthumbnail.info',
  'pspbrwse.jbf',
  'ipod photo cache',
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
  '@__thumb',
  '@synoresource',
  '@recently-snapshot',
  '#recycle',
  '#snapshot',
  'picasa.ini',
  '_gsdata_',
  'node_modules',
  '__pycache__',
]);

/** Lightroom's previews of the pictures of a catalogue. */
const PREVIEWS = /\.lrdata$/;

/** Why such a file or folder is left out; undefined for one that a person put there. */
export function leftoverReason(name: string): string | undefined {
  if (name.startsWith('.')) return 'hidden';
  const lower = name.toLowerCase();
  return LEFTOVERS.has(lower) || PREVIEWS.test(lower) ? 'left by the system or a tool' : undefined;
}

/** macOS writes one `._x` for each x. */
export const kindOfLeftover = (name: string): string =>
  name.startsWith('._') ? '._…' : PREVIEWS.test(name.toLowerCase()) ? '….lrdata' : name;
