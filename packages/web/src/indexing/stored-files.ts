import type { SiteDescription } from 'neurodex/browser';
import { SiteFiles } from '../browser/site.ts';
import { EngineError } from '../engine.ts';
import type { LeftOut } from '../indexer.ts';

/** Names of the files that a page keeps beside those of the index folder. */
export const STORED = {
  description: 'description.json',
  model: 'model.safetensors',
  thumbnails: 'thumbnails.bin',
  facts: 'facts.json',
} as const;
/** In front of the names of the files of the index folder. */
export const INDEX_PREFIX = 'index/';

/** `facts.json`: what a page knows of its index beside what it searches with. */
export interface StoredFacts {
  readonly skipped: readonly LeftOut[];
  /** Not there in an index that an older page made. */
  readonly warnings?: readonly string[];
  /** That was chosen; null where pictures were chosen one by one. Not there in an index that an older page made. */
  readonly folder?: string | null;
  /** IA@1 as it was measured; null where it was not. */
  readonly accuracy: number | null;
  readonly seconds: number;
  readonly trained: string;
  /** Where the thumbnail of each row ends in the file of all. */
  readonly thumbnailEnds: readonly number[];
}

/** A file of a stored index. @throws EngineError `damaged` where it is missing */
export function fileOf(files: ReadonlyMap<string, Blob>, name: string): Blob {
  const file = files.get(name);
  if (file === undefined) throw damaged(name);
  return file;
}

const damaged = (name: string): EngineError =>
  new EngineError('damaged', `${name} of the index in this browser is missing or damaged`, {
    hint: 'Index your pictures again: the new index takes its place.',
  });

export async function factsOf(files: ReadonlyMap<string, Blob>): Promise<StoredFacts> {
  const value: unknown = await fileOf(files, STORED.facts)
    .text()
    .then(JSON.parse)
    .catch(() => undefined);
  if (!isFacts(value)) throw damaged(STORED.facts);
  return value;
}

const isFacts = (value: unknown): value is StoredFacts =>
  typeof value === 'object' && value !== null && 'skipped' in value && 'thumbnailEnds' in value;

/** An index that this browser keeps, read like an exported site. */
export class StoredSiteFiles extends SiteFiles {
  private readonly files: ReadonlyMap<string, Blob>;
  private readonly ends: readonly number[];
  private readonly addresses = new Map<string, string>();
  private readonly pixels: Blob;

  constructor(base: URL, files: ReadonlyMap<string, Blob>, { thumbnailEnds }: StoredFacts) {
    super(base, async (address) => {
      const name = new URL(String(address)).pathname.split('/').at(-1) ?? '';
      const file = files.get(name);
      return file === undefined ? new Response(null, { status: 404 }) : new Response(file);
    });
    this.files = files;
    this.ends = thumbnailEnds;
    const parts = [...files.keys()].filter((name) => name.endsWith('.pixels.u8')).sort();
    this.pixels = new Blob(parts.map((name) => fileOf(files, name)));
  }

  /** An address that lasts as long as the page. */
  override address(file: string): string {
    const row = /^thumbnails\/(\d+)\.webp$/.exec(file)?.[1];
    if (row === undefined) return super.address(file);
    const known = this.addresses.get(row) ?? URL.createObjectURL(this.thumbnailOf(Number(row)));
    this.addresses.set(row, known);
    return known;
  }

  override async thumbnail(row: number): Promise<Blob> {
    return this.thumbnailOf(row);
  }

  /** As the network sees it, without loss. */
  override async picture(row: number): Promise<Blob> {
    const { geometry }: SiteDescription = await this.describe();
    const { imageSize: size } = geometry;
    const bytes = size * size * 3;
    const rgb = new Uint8Array(await this.pixels.slice(row * bytes, (row + 1) * bytes).arrayBuffer());
    if (rgb.length !== bytes) throw damaged('the pixels');
    const canvas = new OffscreenCanvas(size, size);
    const rgba = Uint8ClampedArray.from({ length: size * size * 4 }, (_, i) =>
      i % 4 === 3 ? 255 : (rgb[3 * Math.floor(i / 4) + (i % 4)] ?? 0),
    );
    canvas.getContext('2d')?.putImageData(new ImageData(rgba, size, size), 0, 0);
    return await canvas.convertToBlob({ type: 'image/png' });
  }

  private thumbnailOf(row: number): Blob {
    return fileOf(this.files, STORED.thumbnails).slice(this.ends[row - 1] ?? 0, this.ends[row], 'image/png');
  }
}
