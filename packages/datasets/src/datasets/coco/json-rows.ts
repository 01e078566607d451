import { StringDecoder } from 'node:string_decoder';
import { JsonProblem, ofOneLine, parseJson } from '@neurodex/core/json';

/** A piece of a JSON object: an element of one of its lists (`row` counts from 0), or a whole value: no list, or an empty one. */
export interface JsonRow {
  readonly key: string;
  readonly row?: number;
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
      const byte = bytes[i] as number;
      if (byte === COMMA || closes(byte) || isBlank(byte)) return i;
    }
    return -1;
  }
  let { depth, inString, escaped } = cutting;
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i] as number;
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

/**
 * A JSON object whose large members are lists, read in one pass and in little memory: the bytes are cut into the
 * elements of those lists by counting brackets outside of strings, and `JSON.parse` reads each. An annotation file has
 * 450 MB; a parser that goes from token to token takes two to three times as long.
 * @throws JsonDamage when the text ends early or is not JSON
 */
export async function* jsonRows(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<JsonRow, void, undefined> {
  let place: Place = 'start';
  let key = '';
  let row = 0;
  let inList = false;
  let cutting: Cutting | undefined;
  /** What earlier chunks hold of the value that is being cut out. */
  let pieces: Uint8Array[] = [];
  let held = 0;
  let offset = 0;
  const where = (): string =>
    place === 'key' || key === '' ? 'it' : inList ? `${key.slice(0, 100)}[${row}]` : key.slice(0, 100);
  const damage = (what: string, at: number): JsonDamage => new JsonDamage(what, offset + at);
  const unexpected = (byte: number, wanted: string, at: number): JsonDamage =>
    damage(`has ${JSON.stringify(String.fromCharCode(byte))} where ${wanted} should follow ${where()}`, at);

  for await (const chunk of chunks) {
    let from = 0;
    for (let i = 0; i < chunk.length; ) {
      if (cutting !== undefined) {
        const end = endOfValue(chunk, i, cutting);
        if (end < 0) break;
        const text = decode(pieces, chunk.subarray(from, end));
        pieces = [];
        held = 0;
        cutting = undefined;
        i = end;
        let value: unknown;
        try {
          value = parseJson(text);
        } catch (error) {
          if (!(error instanceof JsonProblem)) throw error;
          throw damage(`${where()} ${ofOneLine(error)}`, end);
        }
        if (place === 'key') {
          key = String(value);
          place = 'colon';
        } else {
          yield inList ? { key, row: row++, value } : { key, value };
          place = inList ? 'after element' : 'after value';
        }
        continue;
      }
      const byte = chunk[i] as number;
      let begins = false;
      if (!isBlank(byte)) {
        switch (place) {
          case 'start':
            // A byte order mark is no part of JSON, and some editors leave one.
            if (offset + i < 3 && BYTE_ORDER_MARK[offset + i] === byte) break;
            if (byte !== BRACE) throw damage('does not begin with {', i);
            place = 'key';
            break;
          case 'key':
            if (byte === BRACE_END) place = 'end';
            else if (byte !== QUOTE) throw unexpected(byte, 'a key', i);
            else begins = true;
            break;
          case 'colon':
            if (byte !== COLON) throw unexpected(byte, 'a colon', i);
            place = 'value';
            break;
          case 'value':
            row = 0;
            inList = byte === BRACKET;
            if (inList) place = 'element';
            else begins = true;
            break;
          case 'element':
          case 'after element':
            if (byte === BRACKET_END && (place === 'after element' || row === 0)) {
              if (place === 'element') yield { key, value: [] };
              inList = false;
              place = 'after value';
            } else if (place === 'element') begins = true;
            else if (byte === COMMA) place = 'element';
            else throw unexpected(byte, 'a comma or ]', i);
            break;
          case 'after value':
            if (byte === COMMA) place = 'key';
            else if (byte === BRACE_END) place = 'end';
            else throw unexpected(byte, 'a comma or }', i);
            break;
          case 'end':
            throw damage('goes on after its last bracket', i);
        }
      }
      if (begins) {
        from = i;
        const inString = byte === QUOTE;
        cutting = { depth: opens(byte) ? 1 : 0, inString, escaped: false, bare: !inString && !opens(byte) };
      }
      i++;
    }
    if (cutting !== undefined) {
      // The chunk's memory may be used again for the next one.
      pieces.push(chunk.slice(from));
      held += chunk.length - from;
      if (held > LARGEST_ROW) throw damage(`${where()} has ${held} bytes, and at most ${LARGEST_ROW} are read`, 0);
    }
    offset += chunk.length;
  }
  if (place === 'end') return;
  throw damage(offset === 0 ? 'is empty' : `is cut off in ${where()}`, 0);
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

function decode(pieces: readonly Uint8Array[], last: Uint8Array): string {
  if (pieces.length === 0) return Buffer.from(last.buffer, last.byteOffset, last.length).toString('utf8');
  const decoder = new StringDecoder('utf8');
  return [...pieces, last].map((piece) => decoder.write(Buffer.from(piece))).join('') + decoder.end();
}
