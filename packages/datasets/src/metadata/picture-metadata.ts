/**
 * What a picture says of itself beside its pixels, as a catalogue keeps it. What is not known, is not plausible, or is no whole day,
 * is not there.
 */
export interface PictureMetadata {
  /** When it was taken, in local time as written: milliseconds from 1970-01-01T00:00 of that local time. */
  readonly taken?: number;
  /** Minutes that the local time is ahead of UTC. */
  readonly takenOffset?: number;
  /** Degrees north, of WGS 84. */
  readonly latitude?: number;
  /** Degrees east. */
  readonly longitude?: number;
  /** The town. */
  readonly city?: string;
  /** State, province or region. */
  readonly state?: string;
  /** By name. */
  readonly country?: string;
  /** Make and model. */
  readonly camera?: string;
  /** −1 for a rejected picture, else 0 to 5. */
  readonly rating?: number;
  /** Distinct. */
  readonly keywords?: readonly string[];
}

/** What was read of a file. */
export interface ReadMetadata {
  /** What is known of the picture. */
  readonly metadata: PictureMetadata;
  /** Title, then description. */
  readonly texts: readonly string[];
  /** Which kinds of metadata are damaged, and how: what they say is not there. */
  readonly damaged: readonly string[];
}

/** A place by its names. */
export interface PlaceNames {
  readonly city?: string | undefined;
  readonly state?: string | undefined;
  readonly country?: string | undefined;
}

/** A moment in local time. */
export interface LocalTime {
  /** Milliseconds from 1970-01-01T00:00 of the local time. */
  readonly local: number;
  /** Minutes ahead of UTC. */
  readonly offset?: number | undefined;
}

/** Where a picture was taken, in degrees. */
export interface Position {
  readonly latitude: number;
  readonly longitude: number;
}

/** What one kind of metadata says: EXIF, XMP or IPTC-IIM. */
export interface MetadataBlock {
  readonly taken?: LocalTime | undefined;
  /** When it was digitised; of a camera the same moment. */
  readonly digitised?: LocalTime | undefined;
  readonly position?: Position | undefined;
  /** Where it was taken. */
  readonly createdAt?: PlaceNames | undefined;
  /** The older fields, which do not say whether it was taken there or shows it. */
  readonly place?: PlaceNames | undefined;
  readonly camera?: string | undefined;
  readonly rating?: number | undefined;
  readonly keywords?: readonly string[] | undefined;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
}

/** A position that can be one; of 0, 0, which cameras write that do not know theirs, none is made. */
export function positionOf(latitude: number | undefined, longitude: number | undefined): Position | undefined {
  if (latitude === undefined || longitude === undefined) return undefined;
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) return undefined;
  return latitude === 0 && longitude === 0 ? undefined : { latitude, longitude };
}

/** A text without what surrounds it; undefined for an empty one. Parquet and JSON hold no NUL well, and nobody types one. */
export function trimmed(text: string | undefined): string | undefined {
  const found = text?.replaceAll('\0', '').trim();
  return found === '' ? undefined : found?.slice(0, LONGEST_TEXT);
}

/** Characters of one text. */
const LONGEST_TEXT = 4000;

/** Names of a place; undefined where none is known. */
export function placeOf(names: PlaceNames): PlaceNames | undefined {
  const place = { city: trimmed(names.city), state: trimmed(names.state), country: trimmed(names.country) };
  return Object.values(place).some((name) => name !== undefined) ? place : undefined;
}

/** Make and model as one name: many models begin with the name of their maker. */
export function cameraOf(make: string | undefined, model: string | undefined): string | undefined {
  const [maker, kind] = [trimmed(make), trimmed(model)];
  if (maker === undefined || kind === undefined) return kind ?? maker;
  const [first = ''] = maker.split(/\s+/);
  return kind.toLowerCase().startsWith(first.toLowerCase()) ? kind : `${maker} ${kind}`;
}

/** Keywords, distinct; undefined where there are none. */
export function keywordsOf(words: readonly string[]): readonly string[] | undefined {
  const found = [...new Set(words.flatMap((word) => trimmed(word) ?? []))].slice(0, MOST_KEYWORDS);
  return found.length === 0 ? undefined : found;
}

const MOST_KEYWORDS = 1000;
