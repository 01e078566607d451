import { readExif } from './exif.ts';
import { type IptcBlock, readIptc } from './iptc.ts';
import { mergeMetadata } from './merge.ts';
import type { MetadataBlock, ReadMetadata } from './picture-metadata.ts';
import { rawBlocks } from './raw-blocks.ts';
import { readXmp } from './xmp.ts';

/**
 * What an encoded picture says of itself. Damaged metadata is told, and is no error: the picture can be seen all the same.
 * @param sidecars XMP files beside it, which say more of it, or what is newer
 * @example
 * ```ts
 * import sharp from 'sharp';
 * import { readMetadata } from '@neurodex/datasets';
 *
 * const file = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#c00' } })
 *   .withExif({ IFD2: { DateTimeOriginal: '2024:05:06 07:08:09' } })
 *   .jpeg()
 *   .toBuffer();
 * const { metadata } = await readMetadata(file);
 * console.log(new Date(metadata.taken ?? NaN).getUTCFullYear()); // → 2024
 * ```
 */
export async function readMetadata(bytes: Uint8Array, sidecars: readonly Uint8Array[] = []): Promise<ReadMetadata> {
  const damaged: string[] = [];
  const reading = <Block>(kind: string, raw: Uint8Array | undefined, read: (raw: Uint8Array) => Block) => {
    if (raw === undefined || raw.length === 0) return undefined;
    try {
      return read(raw);
    } catch (error) {
      damaged.push(`${kind}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const raw = await rawBlocks(bytes);
  const exif: MetadataBlock = reading('EXIF', raw.exif, readExif) ?? {};
  const beside = sidecars.map((sidecar) => reading('the XMP file beside it', sidecar, readXmp));
  const xmp = [...beside, reading('XMP', raw.xmp, readXmp)].flatMap((block) => block ?? []);
  const iptc: IptcBlock | undefined = reading('IPTC', raw.iptc, readIptc);
  return { ...mergeMetadata({ exif, xmp, iptc }), damaged };
}
