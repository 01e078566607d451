import type { SkippedFile } from './dataset.ts';

/** Rows with one kind of fault that are named one by one; the rest are counted. */
const NAMED = 20;
/** Kinds of faults that an error names. */
const TOLD = 3;

interface Kind {
  readonly rows: string[];
  count: number;
}

/** Collects the rows of a file that are left out, by kind of fault. */
export class Faults {
  private readonly file: string;
  private readonly byKind = new Map<string, Kind>();

  constructor(file: string) {
    this.file = file;
  }

  /** @param row `images[3]` */
  add(kind: string, row: string, reason: string): void {
    const faults = this.byKind.get(kind) ?? { rows: [], count: 0 };
    this.byKind.set(kind, faults);
    if (++faults.count <= NAMED) faults.rows.push(`${row}: ${reason}`);
  }

  list(): SkippedFile[] {
    return [...this.byKind].flatMap(([kind, { rows, count }]) => [
      ...rows.map((reason) => ({ path: this.file, reason })),
      ...(count <= NAMED ? [] : [{ path: this.file, reason: `and ${count - NAMED} more rows: ${kind}` }]),
    ]);
  }

  /** The first row of each kind with its reason, and how many share it; of rows of one list (`images`). */
  summary(list: string): string {
    const kinds = [...this.byKind.values()].filter(({ rows }) => rows[0]?.startsWith(`${list}[`));
    const told = kinds.slice(0, TOLD).map(({ rows, count }) => {
      const share = count === 1 ? '1 row has this fault' : `${count} rows share this fault`;
      return `${rows[0]} (${share})`;
    });
    const more = kinds.length - told.length;
    return [...told, ...(more > 0 ? [`and ${more} more kinds of faults`] : [])].join('; ');
  }
}
