import type { MetadataTable } from '../pictures/metadata-table.ts';
import type { Parts } from '../pictures/picture-store.ts';
import type { RowMask } from '../query/row-mask.ts';
import { evaluateFilter } from './evaluate.ts';
import { formatFilter } from './filter.ts';
import { parseFilter } from './parse.ts';

/** Filters that are kept: people ask several times with the same one. */
const KEPT = 16;

/** The catalogue pictures that filters take, of one version of an index. */
export class RowFilters {
  private readonly store: Pick<Parts, 'rows'>;
  private readonly metadata: () => Promise<MetadataTable | undefined>;
  private readonly known = new Map<string, Promise<RowMask>>();

  /** @param metadata asked for once a filter needs it */
  constructor(store: Pick<Parts, 'rows'>, metadata: () => Promise<MetadataTable | undefined>) {
    this.store = store;
    this.metadata = metadata;
  }

  /** @throws NeurodexError `filter-invalid`, `index-damaged` */
  async mask(text: string): Promise<RowMask> {
    const filter = parseFilter(text);
    const key = formatFilter(filter);
    const known = this.known.get(key);
    this.known.delete(key);
    const made = known ?? this.make(filter);
    this.known.set(key, made);
    const [oldest] = this.known.keys();
    if (this.known.size > KEPT && oldest !== undefined) this.known.delete(oldest);
    return await made.catch((error) => {
      // Whoever asks next tries again.
      this.known.delete(key);
      throw error;
    });
  }

  private async make(filter: ReturnType<typeof parseFilter>): Promise<RowMask> {
    const { rows } = this.store;
    const bytes = evaluateFilter(filter, { rows, metadata: await this.metadata() });
    let count = 0;
    for (const { row, role } of rows) {
      if (role === 'catalogue') count += bytes[row] ?? 0;
      else bytes[row] = 0;
    }
    return { bytes, count };
  }
}
