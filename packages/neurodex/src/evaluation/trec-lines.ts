/** White space of C: blank, and tab, line feed, vertical tab, form feed and carriage return. */
const isBlank = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

/** Of a longer line the beginning is looked at: what counts stands there. */
const LONGEST = 1 << 20;

/** A line, taken apart at its white space. Valid until the next one is asked for. */
export class TrecLine {
  /** Counted from 1. */
  number = 0;
  /** How many fields it has, as far as they were looked for. */
  count = 0;
  private bytes: Buffer = Buffer.alloc(0);
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];

  /** @param most fields that are looked for */
  split(bytes: Buffer, from: number, to: number, number: number, most: number): void {
    this.bytes = bytes;
    this.number = number;
    this.count = 0;
    for (let at = from; at < to && this.count < most; ) {
      while (at < to && isBlank(bytes[at] ?? NaN)) at++;
      if (at === to) break;
      this.starts[this.count] = at;
      while (at < to && !isBlank(bytes[at] ?? NaN)) at++;
      this.ends[this.count++] = at;
    }
  }

  field(i: number): Buffer {
    return this.bytes.subarray(this.starts[i], this.ends[i]);
  }

  /** Each character a byte. */
  text(i: number): string {
    return this.bytes.toString('latin1', this.starts[i], this.ends[i]);
  }

  /** Whether a field is made of the same bytes as a text of `text`. */
  is(i: number, text: string): boolean {
    const from = this.starts[i] ?? NaN;
    if ((this.ends[i] ?? NaN) - from !== text.length) return false;
    for (let at = 0; at < text.length; at++) if (this.bytes[from + at] !== text.charCodeAt(at)) return false;
    return true;
  }
}

/** Cuts bytes that come in pieces into lines: a file may be larger than a string, and a line longer than memory. */
export class LineCutter {
  private readonly visit: (bytes: Buffer, from: number, to: number, number: number) => void;
  private number = 0;
  private held: Buffer[] = [];
  private length = 0;

  constructor(visit: (bytes: Buffer, from: number, to: number, number: number) => void) {
    this.visit = visit;
  }

  write(piece: Buffer): void {
    let from = 0;
    for (let at = piece.indexOf(0x0a); at >= 0; at = piece.indexOf(0x0a, from)) {
      if (this.length === 0) this.visit(piece, from, at, ++this.number);
      else {
        this.hold(piece.subarray(from, at));
        this.release();
      }
      from = at + 1;
    }
    if (from < piece.length) this.hold(piece.subarray(from));
  }

  end(): void {
    if (this.length > 0) this.release();
  }

  private hold(part: Buffer): void {
    if (this.length < LONGEST) this.held.push(Buffer.from(part.subarray(0, LONGEST - this.length)));
    // A line that is empty here is one that has begun all the same.
    this.length += part.length;
  }

  private release(): void {
    const line = Buffer.concat(this.held);
    this.held = [];
    this.length = 0;
    this.visit(line, 0, line.length, ++this.number);
  }
}
