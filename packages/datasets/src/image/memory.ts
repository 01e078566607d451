import type { Metadata } from 'sharp';
import type { SharpFormat } from './picture-formats.ts';
import { tooLarge } from './refusals.ts';

/** What decoding may take of memory, in bytes: one picture, and all that are decoded at one time together. */
export const DECODE_MEMORY = 2 ** 30;

/** How a picture is to be decoded, as far as memory is concerned. */
export interface Demand {
  readonly format: SharpFormat;
  readonly header: Metadata;
  /** Whether all samples are held at once, before anything is made smaller. */
  readonly samples: boolean;
  /** Whether the picture comes out at its own size. */
  readonly whole: boolean;
  /** Whether the channels of the file lie behind one another. */
  readonly planar?: boolean;
}

/**
 * Bytes that decoding takes at its peak, from the header. A format that can be read row by row, or a JPEG at a reduced scale,
 * takes next to nothing; the figures of the others were measured (bytes a pixel).
 */
export function decodingMemory({ format, header, samples, whole, planar }: Demand): number {
  const pixels = header.width * (header.pageHeight ?? header.height);
  const deep = header.depth !== 'uchar' && header.depth !== undefined;
  const pixelBytes = header.channels * (deep ? 2 : 1);
  return pixels * (heldBy(format, header, pixelBytes, planar ?? false) + (samples ? pixelBytes : 0) + (whole ? 6 : 0));
}

/** Bytes a pixel that the decoder itself holds. */
function heldBy(format: SharpFormat, header: Metadata, pixelBytes: number, planar: boolean): number {
  switch (format) {
    case 'JPEG':
      return header.isProgressive ? 2 * (header.chromaSubsampling === '4:2:0' ? 1.5 : header.channels) : 0;
    case 'PNG':
      return header.isProgressive ? pixelBytes : 0;
    case 'TIFF':
      return planar ? 1.25 * pixelBytes : 0;
    case 'WebP':
      return 4 * ((header.pages ?? 1) > 1 ? 3 : 1);
    case 'GIF':
      return 5;
    case 'AVIF':
      return header.depth === 'uchar' ? 20 : 27;
  }
}

/** @throws NeurodexError picture-too-large */
export function checkMemory(name: string, demand: Demand): number {
  return checkDemand(name, demand.header, decodingMemory(demand));
}

/** @throws NeurodexError picture-too-large where decoding takes more than there is */
export function checkDemand(
  name: string,
  { width, height }: { readonly width: number; readonly height: number },
  bytes: number,
): number {
  if (bytes <= DECODE_MEMORY) return bytes;
  const mebibytes = (count: number) => `${Math.ceil(count / 2 ** 20)} MiB`;
  throw tooLarge(
    name,
    `(${width} × ${height} pixels) would take ${mebibytes(bytes)} of memory to decode, and the limit is ${mebibytes(DECODE_MEMORY)}`,
    'scale it down, or save it as a JPEG that is not progressive',
    { width, height, bytes, limit: DECODE_MEMORY },
  );
}

/** Tasks that share an amount of memory: those that fit run at once, in the order in which they came. */
export class MemoryBudget {
  private readonly total: number;
  private free: number;
  private readonly waiting: { readonly bytes: number; readonly start: () => void }[] = [];

  constructor(total: number) {
    this.total = total;
    this.free = total;
  }

  /** @param bytes what the task takes; more than there is counts as all of it */
  async run<T>(bytes: number, task: () => Promise<T>): Promise<T> {
    const taken = Math.min(bytes, this.total);
    if (this.waiting.length > 0 || taken > this.free) {
      await new Promise<void>((start) => this.waiting.push({ bytes: taken, start }));
    } else {
      this.free -= taken;
    }
    try {
      return await task();
    } finally {
      this.free += taken;
      this.startNext();
    }
  }

  private startNext(): void {
    for (let next = this.waiting[0]; next !== undefined && next.bytes <= this.free; next = this.waiting[0]) {
      this.waiting.shift();
      this.free -= next.bytes;
      next.start();
    }
  }
}

/** What all decoding of this process shares. */
export const decodeBudget = new MemoryBudget(DECODE_MEMORY);
