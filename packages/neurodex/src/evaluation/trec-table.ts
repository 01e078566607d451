import { defined } from '@neurodex/core';

/** A column that grows: twice as long each time that it is full. */
class Column<Values extends Float64Array | Uint32Array> {
  values: Values;
  private readonly make: (length: number) => Values;

  constructor(make: (length: number) => Values) {
    this.make = make;
    this.values = make(1 << 10);
  }

  set(at: number, value: number): void {
    if (at === this.values.length) {
      const larger = this.make(2 * at);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[at] = value;
  }
}

const float64 = (length: number): Float64Array => new Float64Array(length);
const uint32 = (length: number): Uint32Array => new Uint32Array(length);

/** Bytes of names are kept in blocks of so many; a name lies in one of them. */
const BLOCK = 1 << 24;

/**
 * Rows of a TREC file: a query, a document and a number. The files are larger than a string may be, and have tens of millions of
 * rows: a row takes 28 bytes and those of its document's name, which is a tenth of what Maps of strings would.
 * Names are strings of which each character is a byte of the file, so that they may be anything.
 */
export class TrecTable {
  /** By name, in the order of the file: their numbers. */
  readonly queries = new Map<string, number>();
  private rows = 0;
  private readonly query = new Column(uint32);
  private readonly value = new Column(float64);
  private readonly line = new Column(uint32);
  /** Where the name begins: number of its block × BLOCK + offset. */
  private readonly place = new Column(float64);
  private readonly length = new Column(uint32);
  private readonly blocks: Buffer[] = [];
  private used = BLOCK;
  /** Rows by query, in the order of the file; made when the first is asked for. */
  private grouped: { readonly starts: Uint32Array; readonly rows: Uint32Array } | undefined;

  /** @param document bytes, copied; shorter than BLOCK */
  add(query: string, document: Uint8Array, value: number, line: number): void {
    let number = this.queries.get(query);
    if (number === undefined) {
      number = this.queries.size;
      this.queries.set(query, number);
    }
    if (this.used + document.length > BLOCK) {
      this.blocks.push(Buffer.allocUnsafe(BLOCK));
      this.used = 0;
    }
    this.blocks.at(-1)?.set(document, this.used);
    const row = this.rows++;
    this.query.set(row, number);
    this.value.set(row, value);
    this.line.set(row, line);
    this.place.set(row, (this.blocks.length - 1) * BLOCK + this.used);
    this.length.set(row, document.length);
    this.used += document.length;
    this.grouped = undefined;
  }

  /** Rows of a query, in the order of the file. */
  rowsOf(query: string): Uint32Array {
    const number = this.queries.get(query);
    if (number === undefined) return new Uint32Array(0);
    this.grouped ??= this.group();
    const { starts, rows } = this.grouped;
    return rows.subarray(starts[number], starts[number + 1]);
  }

  documentOf(row: number): string {
    const place = this.place.values[row] ?? NaN;
    const from = place % BLOCK;
    const block = defined(this.blocks[Math.floor(place / BLOCK)], 'the block of a name');
    return block.toString('latin1', from, from + (this.length.values[row] ?? NaN));
  }

  valueOf(row: number): number {
    return this.value.values[row] ?? NaN;
  }

  lineOf(row: number): number {
    return this.line.values[row] ?? NaN;
  }

  private group(): { starts: Uint32Array; rows: Uint32Array } {
    const starts = new Uint32Array(this.queries.size + 1);
    for (let row = 0; row < this.rows; row++) {
      const next = (this.query.values[row] ?? NaN) + 1;
      starts[next] = (starts[next] ?? NaN) + 1;
    }
    for (let i = 1; i < starts.length; i++) starts[i] = (starts[i] ?? NaN) + (starts[i - 1] ?? NaN);
    const free = starts.slice();
    const rows = new Uint32Array(this.rows);
    for (let row = 0; row < this.rows; row++) {
      const number = this.query.values[row] ?? NaN;
      const at = free[number] ?? NaN;
      rows[at] = row;
      free[number] = at + 1;
    }
    return { starts, rows };
  }
}
