import { createHash } from 'node:crypto';
import { iptcTime } from './local-times.ts';
import { keywordsOf, type MetadataBlock, placeOf, trimmed } from './picture-metadata.ts';
import { textOf } from './text.ts';

/** IPTC-IIM, and whether a program that knows of no XMP has changed it since XMP was written. */
export interface IptcBlock extends MetadataBlock {
  readonly isNewer: boolean;
}

const MARK = 'Photoshop 3.0\0';
/** Image resources of Photoshop: IPTC-IIM, and the MD5 of it that was written together with XMP. */
const [IIM, DIGEST] = [0x0404, 0x0425];
const DATASET = 0x1c;
const UTF8 = '\x1b%G';
const MOST_DATASETS = 10_000;

const ascii = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end));

/** @param bytes IPTC-IIM, or the resources of Photoshop that it lies in @throws RangeError for damaged ones */
export function readIptc(bytes: Uint8Array): IptcBlock | undefined {
  if (bytes[0] === DATASET) return blockOf(bytes, undefined);
  const start = ascii(bytes, 0, MARK.length) === MARK ? MARK.length : 0;
  const resources = photoshopResources(bytes, start);
  const iim = resources.get(IIM);
  return iim === undefined ? undefined : blockOf(iim, resources.get(DIGEST));
}

/** Adobe Photoshop File Formats, "Image resource blocks": a mark, an id, a name and the data, each of even length. */
function photoshopResources(bytes: Uint8Array, start: number): ReadonlyMap<number, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found = new Map<number, Uint8Array>();
  for (let at = start; at + 12 <= bytes.length; ) {
    if (!/^8B|^MeSa|^PHUT|^AgHg|^DCSR/.test(ascii(bytes, at, at + 4))) throw new RangeError('a resource has no mark');
    const id = view.getUint16(at + 4);
    const name = 1 + view.getUint8(at + 6);
    const size = at + 6 + name + (name % 2);
    if (size + 4 > bytes.length) throw new RangeError('a resource is cut off');
    const length = view.getUint32(size);
    if (size + 4 + length > bytes.length) throw new RangeError('a resource is cut off');
    if (!found.has(id)) found.set(id, bytes.subarray(size + 4, size + 4 + length));
    at = size + 4 + length + (length % 2);
  }
  return found;
}

/** Datasets by record and number, `2:25`; those that may occur several times in their order. */
function datasets(bytes: Uint8Array): ReadonlyMap<string, readonly Uint8Array[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found = new Map<string, Uint8Array[]>();
  for (let at = 0, count = 0; at + 5 <= bytes.length && view.getUint8(at) === DATASET; count++) {
    if (count > MOST_DATASETS) throw new RangeError('it has too many datasets');
    const key = `${view.getUint8(at + 1)}:${view.getUint8(at + 2)}`;
    let length = view.getUint16(at + 3);
    at += 5;
    if (length >= 0x8000) {
      // An extended dataset: the number of bytes of its length.
      const digits = length - 0x8000;
      if (digits > 4 || at + digits > bytes.length) throw new RangeError('a dataset is longer than it can be');
      length = bytes.subarray(at, at + digits).reduce((sum, byte) => sum * 256 + byte, 0);
      at += digits;
    }
    if (at + length > bytes.length) throw new RangeError('a dataset is cut off');
    const same = found.get(key);
    const value = bytes.subarray(at, at + length);
    if (same === undefined) found.set(key, [value]);
    else same.push(value);
    at += length;
  }
  return found;
}

function blockOf(iim: Uint8Array, digest: Uint8Array | undefined): IptcBlock {
  const found = datasets(iim);
  if (found.size === 0 && iim.some((byte) => byte !== 0)) throw new RangeError('it holds no dataset');
  const isUtf8 = found.get('1:90')?.some((value) => ascii(value, 0, 3) === UTF8) ?? false;
  const decode = isUtf8 ? (value: Uint8Array) => new TextDecoder().decode(value) : textOf;
  const texts = (key: string): string[] => (found.get(key) ?? []).map(decode);
  const text = (key: string): string | undefined => trimmed(texts(key)[0]);
  return {
    taken: iptcTime(text('2:55'), text('2:60')),
    digitised: iptcTime(text('2:62'), text('2:63')),
    place: placeOf({ city: text('2:90'), state: text('2:95'), country: text('2:101') }),
    keywords: keywordsOf(texts('2:25')),
    title: text('2:5'),
    description: text('2:120'),
    isNewer: isOther(iim, digest),
  };
}

/** A digest of zeros says that nobody computed one. */
const isOther = (iim: Uint8Array, digest: Uint8Array | undefined): boolean =>
  digest?.length === 16 &&
  digest.some((byte) => byte !== 0) &&
  createHash('md5').update(iim).digest('hex') !== Buffer.from(digest).toString('hex');
