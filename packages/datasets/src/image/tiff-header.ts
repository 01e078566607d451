import { type TiffField, TiffReader } from './tiff-reader.ts';

/** What the first directory of a TIFF file says (TIFF 6.0 §8, and BigTIFF). */
export interface TiffHeader {
  readonly width: number;
  readonly height: number;
  readonly photometric: number;
  readonly compression: number;
  /** Bits of each sample of a pixel. */
  readonly bits: readonly number[];
  /** 1 unsigned, 2 signed, 3 floating point, 4 undefined, 5 and 6 complex. */
  readonly sampleFormats: readonly number[];
  readonly samples: number;
  /** Kinds of the samples after the colours: 0 unspecified, 1 associated alpha, 2 unassociated alpha. */
  readonly extra: readonly number[];
  readonly planar: boolean;
  readonly inkSet: number;
  /** Width and height of a tile; undefined where the picture is in strips. */
  readonly tile: readonly [number, number] | undefined;
}

/** Samples of a pixel that are colour, for each photometric interpretation. */
export const colourSamples = (photometric: number): number =>
  ({ 2: 3, 5: 4, 6: 3, 8: 3, 9: 3, 10: 3, 32845: 3 })[photometric] ?? 1;

/** The header of a TIFF file; undefined where its first directory cannot be read. */
export function readTiffHeader(bytes: Uint8Array): TiffHeader | undefined {
  try {
    const reader = new TiffReader(bytes);
    const directory = reader.directory(reader.first());
    return directory.isCut ? undefined : headerOf(directory.fields);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** @throws RangeError where a field lies past the end of the file */
function headerOf(fields: ReadonlyMap<number, TiffField>): TiffHeader | undefined {
  const all = (tag: number): readonly number[] | undefined => {
    const field = fields.get(tag);
    if (field?.isCut) throw new RangeError(`the field ${tag} lies past the end of the file`);
    return field?.values;
  };
  const one = (tag: number, otherwise: number): number => all(tag)?.[0] ?? otherwise;
  const [width, height] = [one(256, 0), one(257, 0)];
  if (width < 1 || height < 1) return undefined;
  const photometric = one(262, 1);
  const samples = one(277, 1);
  const tile: readonly [number, number] = [one(322, 0), one(323, 0)];
  return {
    width,
    height,
    photometric,
    compression: one(259, 1),
    bits: all(258) ?? [1],
    sampleFormats: all(339) ?? [1],
    samples,
    extra: all(338) ?? missingExtra(samples - colourSamples(photometric)),
    planar: one(284, 1) === 2,
    inkSet: one(332, 1),
    tile: tile[0] > 0 ? tile : undefined,
  };
}

/** A fourth sample that nothing is said of is alpha to every program; of more nothing is known. */
const missingExtra = (count: number): number[] => (count === 1 ? [2] : Array<number>(Math.max(0, count)).fill(0));
