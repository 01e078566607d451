import type { ExportedIndex } from './description.ts';
import type { SITE_RELEVANCE } from './site-relevance.ts';

/** The network of a site. */
export const SITE_MODEL = 'model.safetensors';

/** A picture of the site: of the catalogue, or a query to try. */
export interface SitePicture {
  /** Names its files: `thumbnails/<row>.webp`, and `pictures/<row>.webp` as a model sees it that reads pixels. */
  readonly row: number;
  readonly name: string;
  readonly labels: readonly string[];
  readonly role: 'catalogue' | 'test' | 'validation';
  readonly identifier: string | null;
}

/** `description.json` of a site. */
export interface SiteDescription extends Omit<ExportedIndex, 'pictures'> {
  readonly model: { readonly file: typeof SITE_MODEL; readonly bytes: number };
  /**
   * Of a site with an encoder: whether `embeddings/<row>.f32` (float32 [P,C], little-endian) has what it made of each picture. Else
   * it encodes their thumbnails.
   */
  readonly storesEmbeddings?: boolean;
  /** Absent where answers have no relevance. */
  readonly relevance?: { readonly file: typeof SITE_RELEVANCE; readonly bytes: number };
  /** Largest picture that is decoded, in pixels. */
  readonly maxPixels: number;
  /** False for a flat folder: each picture is then its own relevant set. */
  readonly hasClasses: boolean;
  readonly exactUpTo: number;
  /** Catalogue pictures in row order, then queries to try. */
  readonly pictures: readonly SitePicture[];
}
