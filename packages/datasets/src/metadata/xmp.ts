import { isoTime } from './local-times.ts';
import { cameraOf, keywordsOf, type MetadataBlock, type PlaceNames, placeOf, positionOf } from './picture-metadata.ts';
import { type RdfFields, type RdfValue, readRdf } from './rdf.ts';

const DC = 'http://purl.org/dc/elements/1.1/';
const XMP = 'http://ns.adobe.com/xap/1.0/';
const PHOTOSHOP = 'http://ns.adobe.com/photoshop/1.0/';
const EXIF = 'http://ns.adobe.com/exif/1.0/';
const TIFF = 'http://ns.adobe.com/tiff/1.0/';
const IPTC_EXT = 'http://iptc.org/std/Iptc4xmpExt/2008-02-29/';

/** @throws RangeError for what is no XMP */
export function readXmp(bytes: Uint8Array): MetadataBlock {
  const properties = readRdf(bytes);
  const text = (name: string): string | undefined => textIn(properties.get(name));
  const location = firstOf(properties.get(`${IPTC_EXT}LocationCreated`))?.fields;
  const shown = firstOf(properties.get(`${IPTC_EXT}LocationShown`))?.fields;
  const older = placeOf({
    city: text(`${PHOTOSHOP}City`),
    state: text(`${PHOTOSHOP}State`),
    country: text(`${PHOTOSHOP}Country`),
  });
  return {
    taken: isoTime(text(`${PHOTOSHOP}DateCreated`)) ?? isoTime(text(`${EXIF}DateTimeOriginal`)),
    digitised: isoTime(text(`${XMP}CreateDate`)) ?? isoTime(text(`${EXIF}DateTimeDigitized`)),
    position: positionIn(properties) ?? (location && positionIn(location)),
    createdAt: location && placeIn(location),
    place: older ?? (shown && placeIn(shown)),
    camera: cameraOf(text(`${TIFF}Make`), text(`${TIFF}Model`)),
    rating: ratingOf(text(`${XMP}Rating`)),
    keywords: keywordsOf(listIn(properties.get(`${DC}subject`))),
    title: text(`${DC}title`) ?? text(`${PHOTOSHOP}Headline`),
    description: text(`${DC}description`),
  };
}

/** The text of a value: of alternatives the one for every language, or the first; of a list the first item. */
function textIn(value: RdfValue | undefined): string | undefined {
  if (value?.items === undefined) return value?.text;
  const chosen = value.items.find(({ language }) => language === 'x-default') ?? value.items[0];
  return chosen?.text;
}

const listIn = (value: RdfValue | undefined): string[] =>
  value?.items?.flatMap(({ text }) => text ?? []) ?? (value?.text === undefined ? [] : [value.text]);

const firstOf = (value: RdfValue | undefined): RdfValue | undefined => value?.items?.[0] ?? value;

const placeIn = (location: RdfFields): PlaceNames | undefined =>
  placeOf({
    city: textIn(location.get(`${IPTC_EXT}City`)),
    state: textIn(location.get(`${IPTC_EXT}ProvinceState`)),
    country: textIn(location.get(`${IPTC_EXT}CountryName`)),
  });

const positionIn = (fields: RdfFields) =>
  positionOf(
    coordinateOf(textIn(fields.get(`${EXIF}GPSLatitude`)), 'N', 'S'),
    coordinateOf(textIn(fields.get(`${EXIF}GPSLongitude`)), 'E', 'W'),
  );

/** `48,51.396N`, `48,51,24N`, or a plain number of degrees. */
function coordinateOf(text: string | undefined, positive: string, negative: string): number | undefined {
  const found = /^([+-]?\d{1,3}(?:\.\d+)?)(?:,(\d{1,2}(?:\.\d+)?))?(?:,(\d{1,2}(?:\.\d+)?))?\s*([NSEW])?$/.exec(
    text?.trim() ?? '',
  );
  if (found === null) return undefined;
  const [, degrees = '', minutes = '0', seconds = '0', direction] = found;
  if (direction !== undefined && direction !== positive && direction !== negative) return undefined;
  const value = Number(degrees) + Number(minutes) / 60 + Number(seconds) / 3600;
  return direction === negative ? -value : value;
}

function ratingOf(text: string | undefined): number | undefined {
  const rating = text === undefined || text.trim() === '' ? NaN : Number(text);
  return rating >= -1 && rating <= 5 ? rating : undefined;
}
