import { brandsOf } from '../boxes.ts';
import { beginsLikeTiff, type TiffDirectory, TiffReader } from '../tiff-reader.ts';
import { directoriesOf } from './directories.ts';

/** Photometric interpretations of raw sensor data: colour filter array, and linear (DNG 1.7, TIFF/EP). */
const SENSOR: ReadonlySet<number> = new Set([32803, 34892]);
/** Compressions that only cameras write: Sony, Nikon, Pentax. */
const OF_CAMERAS: ReadonlySet<number> = new Set([32767, 34713, 65535]);
const PHOTOMETRIC = 262;
const COMPRESSION = 259;
const DNG_VERSION = 50706;
/** Canon's CR2: slices of the raw data. */
const CR2_SLICES = 50752;

const head = (bytes: Uint8Array, length: number): string => String.fromCharCode(...bytes.subarray(0, length));

export const isRaf = (bytes: Uint8Array): boolean => head(bytes, 15) === 'FUJIFILMCCD-RAW';
export const isCr3 = (bytes: Uint8Array): boolean => brandsOf(bytes)[0] === 'crx ';
/** Olympus and Panasonic put letters of their own in the place of TIFF's version. */
const isMarked = (bytes: Uint8Array): boolean => /^(IIR[OS]|MMOR|IIU\0)/.test(head(bytes, 4));

export const isSensorData = ({ fields }: TiffDirectory): boolean =>
  SENSOR.has(fields.get(PHOTOMETRIC)?.values[0] ?? 0) ||
  OF_CAMERAS.has(fields.get(COMPRESSION)?.values[0] ?? 0) ||
  fields.has(CR2_SLICES);

/** Whether a file holds raw sensor data, by its contents: many such files begin like any TIFF. */
export function isRaw(bytes: Uint8Array): boolean {
  if (isRaf(bytes) || isCr3(bytes) || isMarked(bytes)) return true;
  if (!beginsLikeTiff(bytes)) return false;
  const { directories } = directoriesOf(new TiffReader(bytes));
  return directories.some((directory) => directory.fields.has(DNG_VERSION) || isSensorData(directory));
}

/** Raw formats whose previews are not looked for, by their first bytes. */
const UNREAD: readonly (readonly [RegExp, string])[] = [
  [/^FOVb/, 'a Sigma X3F file'],
  [/^\0MRM/, 'a Minolta MRW file'],
  [/^(II|MM).{4}HEAPCCDR/s, 'a Canon CRW file'],
];

/** What kind of raw file this is, where it is one that is not read. */
export const unreadRaw = (bytes: Uint8Array): string | undefined =>
  UNREAD.find(([pattern]) => pattern.test(head(bytes, 16)))?.[1];

/** File name endings of raw files that are not read, in lower case. */
export const UNREAD_RAW: ReadonlySet<string> = new Set([
  ...['crw', 'mrw', 'x3f', 'iiq', 'fff', 'mef', 'mos', 'kdc', 'dcr', 'dcs', 'k25', 'srf', 'cap', 'eip', 'crm', 'ari'],
]);
