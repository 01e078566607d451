import { StringDecoder } from 'node:string_decoder';
import { JsonProblem, ofOneLine, parseJson } from '@neurodex/core/json';

/** A piece of a JSON object: an element of one of its lists (`row` counts from 0), or a whole value: no list, or an empty one. */
export interface JsonRow {
  /** Of the list, or of the value. */
  readonly key: string;
  /** From 0, in its list. */
  readonly row?: number;
  /** As JSON.parse gives it. */
  readonly value: unknown;
}

/** JSON that cannot go on: where, and after what. */
export class JsonDamage extends Error {
  readonly byte: number;
  constructor(what: string, byte: number) {
    super(what);
    this.byte = byte;
  }
}

// Not exported: V8 would load them anew for each byte, and the scan would take a fifth more time.
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;
const opens = (byte: number): boolean => byte === BRACE || byte === BRACKET;
const closes = (byte: number): boolean => byte === BRACE_END || byte === BRACKET_END;
const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** What the scanner stands before. */
type Place = 'start' | 'key' | 'colon' | 'value' | 'after value' | 'element' | 'after element' | 'end';

/** No element of an annotation file comes near it; damaged quotes would make one that swallows the rest. */
const LARGEST_ROW = 1 << 26;

/** How far into a value that is being cut out the scanner is, from one chunk to the next. */
interface Cutting {
  depth: number;
  inString: boolean;
  escaped: boolean;
  /** A number or a word (`true`): ends before the next comma, bracket or blank. */
  bare: boolean;
}

/** Where the value that is being cut out ends (exclusive), or -1 when it goes on in the next chunk. */
function endOfValue(bytes: Uint8Array, start: number, cutting: Cutting): number {
  if (cutting.bare) {
    for (let i = start; i < bytes.length; i++) {
      const byte = bytes[i] ?? Number.NaN;
      if (byte === COMMA || closes(byte) || isBlank(byte)) return i;
    }
    return -1;
  }
  let { depth, inString, escaped } = cutting;
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i] ?? Number.NaN;
    if (inString) {
      if (escaped) escaped = false;
      else if (byte === BACKSLASH) escaped = true;
      else if (byte === QUOTE) {
        inString = false;
        if (depth === 0) return i + 1;
      }
    } else if (byte === QUOTE) inString = true;
    else if (opens(byte)) depth++;
    else if (closes(byte) && --depth === 0) return i + 1;
  }
  cutting.depth = depth;
  cutting.inString = inString;
  cutting.escaped = escaped;
  return -1;
}

/** A value that begins with that byte. */
function cuttingFrom(byte: number): Cutting {
  const inString = byte === QUOTE;
  return { depth: opens(byte) ? 1 : 0, inString, escaped: false, bare: !inString && !opens(byte) };
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * A JSON object whose large members are lists, read in one pass and in little memory: the bytes are cut into the
 * elements of those lists by counting brackets outside of strings, and `JSON.parse` reads each. An annotation file has
 * 450 MB; a parser that goes from token to token takes two to three times as long.
 * @throws JsonDamage when the text ends early or is not JSON
 * @example
 * ```ts
 * import { createReadStream, writeFileSync } from 'node:fs';
 * import { jsonRows } from '@neurodex/datasets';
 *
 * writeFileSync('pets.json', '{"year": 2014, "images": [{"id": 1}, {"id": 2}]}');
 * for await (const { key, row, value } of jsonRows(createReadStream('pets.json'))) console.log(key, row, value);
 * // → year undefined 2014
 * // → images 0 { id: 1 }
 * // → images 1 { id: 2 }
 * ```
 */
export async function* jsonRows(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<JsonRow, void, undefined> {
  const scanner = new RowScanner();
  for await (const chunk of chunks) yield* scanner.rows(chunk);
  scanner.end();
}

class RowScanner {
  private place: Place = 'start';
  private key = '';
  private row = 0;
  private inList = false;
  private cutting: Cutting | undefined;
  /** What earlier chunks hold of the value that is being cut out. */
  private pieces: Uint8Array[] = [];
  private held = 0;
  /** Bytes before the chunk. */
  private offset = 0;

  /** The rows that end in the next chunk. */
  *rows(chunk: Uint8Array): Generator<JsonRow, void, undefined> {
    let from = 0;
    for (let i = 0; i < chunk.length; ) {
      if (this.cutting !== undefined) {
        const end = endOfValue(chunk, i, this.cutting);
        if (end < 0) break;
        const row = this.take(chunk.subarray(from, end), end);
        if (row !== undefined) yield row;
        i = end;
        continue;
      }
      const byte = chunk[i] ?? Number.NaN;
      const found = isBlank(byte) ? undefined : this.step(byte, i);
      if (found === 'empty list') yield { key: this.key, value: [] };
      if (found === 'value') {
        from = i;
        this.cutting = cuttingFrom(byte);
      }
      i++;
    }
    // The chunk's memory may be used again for the next one.
    if (this.cutting !== undefined) this.hold(chunk.slice(from));
    this.offset += chunk.length;
  }

  /** @throws JsonDamage where the object is not closed */
  end(): void {
    if (this.place === 'end') return;
    throw this.damage(this.offset === 0 ? 'is empty' : `is cut off in ${this.where()}`, 0);
  }

  /** Reads the value whose last bytes these are. @param end behind it, in the chunk @returns undefined for a key */
  private take(last: Uint8Array, end: number): JsonRow | undefined {
    const text = textOf(this.pieces, last);
    this.pieces = [];
    this.held = 0;
    this.cutting = undefined;
    let value: unknown;
    try {
      value = parseJson(text);
    } catch (error) {
      if (!(error instanceof JsonProblem)) throw error;
      throw this.damage(`${this.where()} ${ofOneLine(error)}`, end);
    }
    if (this.place === 'key') {
      this.key = String(value);
      this.place = 'colon';
      return undefined;
    }
    this.place = this.inList ? 'after element' : 'after value';
    return this.inList ? { key: this.key, row: this.row++, value } : { key: this.key, value };
  }

  private hold(piece: Uint8Array): void {
    this.pieces.push(piece);
    this.held += piece.length;
    if (this.held <= LARGEST_ROW) return;
    throw this.damage(`${this.where()} has ${this.held} bytes, and at most ${LARGEST_ROW} are read`, 0);
  }

  /** Goes over a byte between values. @returns 'value' where one begins with it, 'empty list' where it closes one */
  private step(byte: number, at: number): 'value' | 'empty list' | undefined {
    switch (this.place) {
      case 'start':
        // A byte order mark is no part of JSON, and some editors leave one.
        if (this.offset + at < 3 && BYTE_ORDER_MARK[this.offset + at] === byte) return undefined;
        if (byte !== BRACE) throw this.damage('does not begin with {', at);
        this.place = 'key';
        return undefined;
      case 'key':
        if (byte === QUOTE) return 'value';
        if (byte !== BRACE_END) throw this.unexpected(byte, 'a key', at);
        this.place = 'end';
        return undefined;
      case 'colon':
        if (byte !== COLON) throw this.unexpected(byte, 'a colon', at);
        this.place = 'value';
        return undefined;
      case 'value':
        this.row = 0;
        this.inList = byte === BRACKET;
        if (!this.inList) return 'value';
        this.place = 'element';
        return undefined;
      case 'element':
        // Behind a comma, a bracket is taken for a value, and refused as one.
        if (byte !== BRACKET_END || this.row > 0) return 'value';
        this.endList();
        return 'empty list';
      case 'after element':
        if (byte === COMMA) this.place = 'element';
        else if (byte === BRACKET_END) this.endList();
        else throw this.unexpected(byte, 'a comma or ]', at);
        return undefined;
      case 'after value':
        if (byte !== COMMA && byte !== BRACE_END) throw this.unexpected(byte, 'a comma or }', at);
        this.place = byte === COMMA ? 'key' : 'end';
        return undefined;
      case 'end':
        throw this.damage('goes on after its last bracket', at);
    }
  }

  private endList(): void {
    this.inList = false;
    this.place = 'after value';
  }

  private where(): string {
    if (this.place === 'key' || this.key === '') return 'it';
    return this.inList ? `${this.key.slice(0, 100)}[${this.row}]` : this.key.slice(0, 100);
  }

  private damage(what: string, at: number): JsonDamage {
    return new JsonDamage(what, this.offset + at);
  }

  private unexpected(byte: number, wanted: string, at: number): JsonDamage {
    const found = JSON.stringify(String.fromCharCode(byte));
    return this.damage(`has ${found} where ${wanted} should follow ${this.where()}`, at);
  }
}

/** The text of pieces that may be parted within a character. */
function textOf(pieces: readonly Uint8Array[], last: Uint8Array): string {
  if (pieces.length === 0) return Buffer.from(last.buffer, last.byteOffset, last.length).toString('utf8');
  const decoder = new StringDecoder('utf8');
  return [...pieces, last].map((piece) => decoder.write(Buffer.from(piece))).join('') + decoder.end();
}
