import type { IptcBlock } from './iptc.ts';
import type { MetadataBlock, PictureMetadata, PlaceNames, ReadMetadata } from './picture-metadata.ts';

/** What the kinds of metadata of one picture say; sidecars stand before the XMP in the file. */
export interface MetadataBlocks {
  readonly exif: MetadataBlock;
  readonly xmp: readonly MetadataBlock[];
  readonly iptc: IptcBlock | undefined;
}

type Key = keyof MetadataBlock;

/**
 * One answer where EXIF, XMP and IPTC-IIM disagree, by the Guidelines for Handling Image Metadata of the Metadata Working Group
 * (version 2.0, chapter 3): EXIF comes first; of the other two XMP, unless IPTC-IIM was changed after XMP was written, which its
 * digest shows.
 */
export function mergeMetadata({ exif, xmp, iptc }: MetadataBlocks): Pick<ReadMetadata, 'metadata' | 'texts'> {
  const inXmp = <K extends Key>(key: K): MetadataBlock[K] | undefined =>
    xmp.find((block) => block[key] !== undefined)?.[key];
  const either = <K extends Key>(key: K): MetadataBlock[K] | undefined =>
    iptc?.isNewer === true ? iptc[key] : (inXmp(key) ?? iptc?.[key]);
  const first = <K extends Key>(key: K): MetadataBlock[K] | undefined => exif[key] ?? either(key);
  const taken = first('taken') ?? first('digitised');
  const position = exif.position ?? inXmp('position');
  const place: PlaceNames = inXmp('createdAt') ?? either('place') ?? {};
  const [camera, rating, keywords] = [first('camera'), inXmp('rating'), either('keywords')];
  const { city, state, country } = place;
  const metadata: PictureMetadata = {
    ...(taken === undefined ? {} : { taken: taken.local }),
    ...(taken?.offset === undefined ? {} : { takenOffset: taken.offset }),
    ...position,
    ...(city === undefined ? {} : { city }),
    ...(state === undefined ? {} : { state }),
    ...(country === undefined ? {} : { country }),
    ...(camera === undefined ? {} : { camera }),
    ...(rating === undefined ? {} : { rating }),
    ...(keywords === undefined ? {} : { keywords }),
  };
  const texts = [either('title'), first('description')].flatMap((text) => text ?? []);
  return { metadata, texts: [...new Set(texts)] };
}
