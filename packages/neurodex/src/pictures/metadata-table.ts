import type { PictureMetadata } from '@neurodex/datasets';

/** Texts by their codes; a row without one has the code −1. */
export interface TextColumn {
  readonly values: readonly string[];
  /** int32 [rows] */
  readonly codes: Int32Array;
}

/** Several texts for each row. */
export interface TextListColumn {
  readonly values: readonly string[];
  /** uint32 [rows + 1]: where the codes of each row begin. */
  readonly starts: Uint32Array;
  /** uint32 [Σ texts] */
  readonly codes: Uint32Array;
}

/**
 * What pictures say of themselves, in columns by row: about 60 bytes for each row, and what different texts there are. Numbers that
 * are not known are NaN.
 */
export interface MetadataTable {
  /** Local time, milliseconds from 1970. */
  readonly taken: Float64Array;
  /** Minutes that the local time is ahead of UTC. */
  readonly takenOffset: Float64Array;
  /** Degrees. */
  readonly latitude: Float64Array;
  readonly longitude: Float64Array;
  readonly rating: Float64Array;
  readonly city: TextColumn;
  readonly state: TextColumn;
  readonly country: TextColumn;
  readonly camera: TextColumn;
  readonly keywords: TextListColumn;
}

/** Numbers texts in the order in which they come. */
class Codes {
  readonly values: string[] = [];
  /** int32 [rows] */
  readonly codes: Int32Array;
  private readonly known = new Map<string, number>();

  constructor(rows = 0) {
    this.codes = new Int32Array(rows).fill(-1);
  }

  of(text: string): number {
    let code = this.known.get(text);
    if (code === undefined) {
      code = this.values.length;
      this.known.set(text, code);
      this.values.push(text);
    }
    return code;
  }
}

const NAMES = ['city', 'state', 'country', 'camera'] as const;

/** Makes a table row by row. */
export class MetadataTableBuilder {
  private readonly taken: Float64Array;
  private readonly takenOffset: Float64Array;
  private readonly latitude: Float64Array;
  private readonly longitude: Float64Array;
  private readonly rating: Float64Array;
  private readonly names: { readonly [Name in (typeof NAMES)[number]]: Codes };
  private readonly words = new Codes();
  private readonly starts: Uint32Array;
  private readonly codes: number[] = [];
  private row = 0;

  constructor(rows: number) {
    this.taken = new Float64Array(rows).fill(NaN);
    this.takenOffset = new Float64Array(rows).fill(NaN);
    this.latitude = new Float64Array(rows).fill(NaN);
    this.longitude = new Float64Array(rows).fill(NaN);
    this.rating = new Float64Array(rows).fill(NaN);
    this.starts = new Uint32Array(rows + 1);
    const codes = () => new Codes(rows);
    this.names = { city: codes(), state: codes(), country: codes(), camera: codes() };
  }

  /** @param metadata of the next row; undefined where it says nothing */
  add(metadata: PictureMetadata = {}): void {
    const { row } = this;
    this.taken[row] = metadata.taken ?? NaN;
    this.takenOffset[row] = metadata.takenOffset ?? NaN;
    this.latitude[row] = metadata.latitude ?? NaN;
    this.longitude[row] = metadata.longitude ?? NaN;
    this.rating[row] = metadata.rating ?? NaN;
    for (const name of NAMES) {
      const found = metadata[name];
      if (found !== undefined) this.names[name].codes[row] = this.names[name].of(found);
    }
    for (const word of metadata.keywords ?? []) this.codes.push(this.words.of(word));
    this.row++;
    this.starts[this.row] = this.codes.length;
  }

  finish(): MetadataTable {
    return {
      taken: this.taken,
      takenOffset: this.takenOffset,
      latitude: this.latitude,
      longitude: this.longitude,
      rating: this.rating,
      ...this.names,
      keywords: { values: this.words.values, starts: this.starts, codes: Uint32Array.from(this.codes) },
    };
  }
}

/** What one picture says of itself. */
export function metadataOf(table: MetadataTable, row: number): PictureMetadata {
  const number = (column: Float64Array): number | undefined => {
    const value = column[row] ?? NaN;
    return Number.isNaN(value) ? undefined : value;
  };
  const text = ({ values, codes }: TextColumn): string | undefined => values[codes[row] ?? -1];
  const [taken, takenOffset, rating] = [number(table.taken), number(table.takenOffset), number(table.rating)];
  const [latitude, longitude] = [number(table.latitude), number(table.longitude)];
  const [city, state, country, camera] = [text(table.city), text(table.state), text(table.country), text(table.camera)];
  const { starts, codes, values } = table.keywords;
  const keywords = Array.from(codes.subarray(starts[row], starts[row + 1]), (code) => values[code] ?? '');
  return {
    ...(taken === undefined ? {} : { taken }),
    ...(takenOffset === undefined ? {} : { takenOffset }),
    ...(latitude === undefined ? {} : { latitude }),
    ...(longitude === undefined ? {} : { longitude }),
    ...(city === undefined ? {} : { city }),
    ...(state === undefined ? {} : { state }),
    ...(country === undefined ? {} : { country }),
    ...(camera === undefined ? {} : { camera }),
    ...(rating === undefined ? {} : { rating }),
    ...(keywords.length === 0 ? {} : { keywords }),
  };
}
