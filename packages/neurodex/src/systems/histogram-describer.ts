import { enlarged } from '@neurodex/datasets/image';
import type { Extractor } from '../models/bovw/extractor.ts';
import type { HistogramCounter } from '../models/bovw/histogram.ts';
import { DESCRIPTOR_LENGTH } from '../models/bovw/parameters.ts';
import type { PictureQuery } from '../query/query.ts';

export interface DescriberOptions {
  readonly extractor: Extractor;
  /** Edge at which pictures are described; smaller thumbnails are enlarged to it. */
  readonly edge: number;
  readonly counter: HistogramCounter;
}

/** Describes pictures by the visual words that are in them. */
export class HistogramDescriber {
  private readonly options: DescriberOptions;

  constructor(options: DescriberOptions) {
    this.options = options;
  }

  /** k */
  get length(): number {
    return this.options.counter.vocabulary.size;
  }

  /** How often each word occurs: float32 [B, k]; zeros for a picture without a keypoint. */
  async histograms(queries: readonly PictureQuery[]): Promise<Float32Array> {
    const { extractor, edge, counter } = this.options;
    const described = await Promise.all(
      queries.map(async (query) => extractor.describe(await enlarged(await query.thumbnail(), edge), queries.length)),
    );
    const counts = described.map(({ length }) => length / DESCRIPTOR_LENGTH);
    return await counter.count(new Uint8Array(Buffer.concat(described)), counts);
  }

  async close(): Promise<void> {
    await this.options.extractor.close();
    await this.options.counter.release();
  }
}
