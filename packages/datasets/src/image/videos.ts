import { brandsOf } from './boxes.ts';
import { endingOf } from './picture-formats.ts';

/** File name endings of videos, in lower case. */
const EXTENSIONS: ReadonlySet<string> = new Set([
  ...['mp4', 'm4v', 'mov', 'qt', 'avi', 'mkv', 'webm', 'wmv', 'asf', 'flv', 'mpg', 'mpeg', 'mpe', 'm2v', 'vob'],
  ...['mts', 'm2ts', 'm2t', '3gp', '3g2', 'ogv', 'mxf', 'dv', 'divx', 'rm', 'rmvb', 'insv', '360', 'braw', 'lrv'],
]);

/** One picture a second of a video. */
export const FRAMES_COMMAND = 'ffmpeg -i VIDEO -vf fps=1 -q:v 2 FOLDER/VIDEO-%05d.jpg';

export const hasVideoExtension = (fileName: string): boolean => EXTENSIONS.has(endingOf(fileName));

/** What kind of video the bytes begin like; undefined for anything else. */
export function videoKind(bytes: Uint8Array): string | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 12));
  if (head.startsWith('RIFF') && head.endsWith('AVI ')) return 'AVI';
  if (head.startsWith('\x1aE\xdf\xa3')) return 'Matroska or WebM';
  if (head.startsWith('FLV\x01')) return 'Flash';
  if (head.startsWith('0&\xb2u\x8ef\xcf\x11')) return 'Windows Media';
  if (head.startsWith('\0\0\x01\xba') || head.startsWith('\0\0\x01\xb3')) return 'MPEG';
  if (/^.{4}(moov|mdat|wide)/s.test(head)) return 'QuickTime';
  const [brand] = brandsOf(bytes);
  if (brand === undefined) return undefined;
  if (brand.trim() === 'qt') return 'QuickTime';
  return /^(isom|iso\d|mp4|m4v|avc1|3gp|3g2|mmp4|dash|msnv|xavc)/i.test(brand) ? 'MP4' : undefined;
}
