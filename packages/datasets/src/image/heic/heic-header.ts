import { boxesIn, boxOf } from '../boxes.ts';
import type { CodePoints } from '../colour-signal.ts';
import { ItemBoxes, type Property } from './item-boxes.ts';
import { endOfData } from './item-locations.ts';

/** What the boxes of a HEIF file say of its primary picture, before anything of it is decoded. */
export interface HeicHeader {
  /** As it is shown: cropped, turned and mirrored as the file says. */
  readonly width: number;
  readonly height: number;
  /** As it is decoded, before that. */
  readonly coded: Size;
  /** Four characters: `hvc1`, `av01` …; of a grid that of its tiles. */
  readonly codec: string;
  /** More than 8 bits a channel. */
  readonly deep: boolean;
  readonly hasAlpha: boolean;
  readonly hasProfile: boolean;
  /** Code points of ITU-T H.273, where the file has them. */
  readonly colours: CodePoints | undefined;
}

/** Items that are made of other items (ISO/IEC 23008-12 §6.6.2). */
const DERIVED: ReadonlySet<string> = new Set(['grid', 'iden', 'iovl']);
/** How often an item may be made of another one. */
const MOST_LEVELS = 8;

/** A file that is whole, but holds no picture of its own. */
export class NoStillPicture extends Error {}

/**
 * The primary picture of a HEIF file.
 * @throws RangeError where the boxes contradict each other or end too early; NoStillPicture for a sequence alone
 */
export function readHeicHeader(bytes: Uint8Array): HeicHeader {
  const top = boxesIn(bytes, 0, bytes.length);
  const meta = boxOf(top, 'meta');
  if (meta === undefined) {
    if (boxOf(top, 'moov') !== undefined) throw new NoStillPicture('the file holds a sequence of pictures alone');
    throw new RangeError('the file ends before the box that describes its pictures');
  }
  if (meta.cut) throw new RangeError('the file ends within the box that describes its pictures');
  const items = ItemBoxes.read(bytes, meta);
  const primary = items.primary;
  const properties = items.propertiesOf(primary);
  const size = sizeOf(bytes, properties);
  const coded = codedItem(items, primary);
  const codedProperties = items.propertiesOf(coded);
  const colour = colourOf(bytes, [...properties, ...codedProperties]);
  const shown = transformed(bytes, size, properties);
  const alphas = items.auxiliariesOf(primary).filter((item) => isAlpha(bytes, items.propertiesOf(item)));
  const needed = new Set([primary, coded, ...items.partsOf(primary), ...alphas]);
  // Known without a decoder, which would come to the end of the data first.
  if (endOfData(bytes, items.locations, needed) > bytes.length) {
    throw new RangeError('the file ends within its coded data');
  }
  return {
    ...shown,
    coded: size,
    codec: items.typeOf(coded),
    deep: isDeep(bytes, codedProperties),
    hasAlpha: alphas.length > 0,
    ...colour,
  };
}

/** Of a derived picture the first of those that it is made of, which are alike. */
function codedItem(items: ItemBoxes, primary: number): number {
  let item = primary;
  for (let level = 0; level < MOST_LEVELS && DERIVED.has(items.typeOf(item)); level++) {
    const [first] = items.partsOf(item);
    if (first === undefined) throw new RangeError('a picture of several parts has none');
    item = first;
  }
  return item;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

function sizeOf(bytes: Uint8Array, properties: readonly Property[]): Size {
  const extent = properties.find(({ type }) => type === 'ispe');
  if (extent === undefined) throw new RangeError('the picture has no size');
  const view = viewOf(bytes);
  const [width, height] = [view.getUint32(extent.start + 4), view.getUint32(extent.start + 8)];
  if (width === 0 || height === 0) throw new RangeError('the picture is of no width or height');
  return { width, height };
}

/** Cropping and turning, in the order of the file; mirroring changes no size. */
function transformed(bytes: Uint8Array, size: Size, properties: readonly Property[]): Size {
  let { width, height } = size;
  const view = viewOf(bytes);
  for (const { type, start } of properties) {
    if (type === 'irot' && view.getUint8(start) % 2 === 1) [width, height] = [height, width];
    if (type === 'clap') {
      const fraction = (at: number): number => view.getUint32(start + at) / view.getUint32(start + at + 4);
      const [across, down] = [Math.round(fraction(0)), Math.round(fraction(8))];
      if (!(across >= 1 && across <= width && down >= 1 && down <= height)) {
        throw new RangeError('the crop of the picture lies outside of it');
      }
      [width, height] = [across, down];
    }
  }
  return { width, height };
}

function isDeep(bytes: Uint8Array, properties: readonly Property[]): boolean {
  const configuration = properties.find(({ type }) => type === 'hvcC');
  if (configuration === undefined || configuration.start + 19 > configuration.end) return false;
  // bit_depth_luma_minus8 and bit_depth_chroma_minus8, in the lower three bits of their bytes (ISO/IEC 14496-15 §8.3.3.1).
  const view = viewOf(bytes);
  return view.getUint8(configuration.start + 17) % 8 > 0 || view.getUint8(configuration.start + 18) % 8 > 0;
}

function colourOf(bytes: Uint8Array, properties: readonly Property[]): Pick<HeicHeader, 'hasProfile' | 'colours'> {
  const boxes = properties.filter(({ type, start, end }) => type === 'colr' && start + 4 <= end);
  const kind = ({ start }: Property): string => String.fromCharCode(...bytes.subarray(start, start + 4));
  const points = boxes.find((box) => kind(box) === 'nclx' && box.start + 8 <= box.end);
  const view = viewOf(bytes);
  return {
    hasProfile: boxes.some((box) => ['prof', 'rICC'].includes(kind(box))),
    colours: points && [view.getUint16(points.start + 4), view.getUint16(points.start + 6)],
  };
}

/** By its urn, of which there are two (ISO/IEC 23008-12 §6.5.8 and its use for HEVC). */
function isAlpha(bytes: Uint8Array, properties: readonly Property[]): boolean {
  const auxiliary = properties.find(({ type }) => type === 'auxC');
  if (auxiliary === undefined) return false;
  const urn = Buffer.from(bytes.subarray(auxiliary.start + 4, auxiliary.end)).toString('latin1');
  return /^urn:mpeg:(hevc:2015:auxid:1|mpegB:cicp:systems:auxiliary:alpha)\0/.test(urn);
}
