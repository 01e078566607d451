import type { SharpFormat } from './picture-formats.ts';

/** Where a header may be expected to end; colour is described before the pixels. */
const HEADER_BYTES = 65_536;
/** Code points of ITU-T H.273: transfer characteristics of high dynamic range, and wider primaries than sRGB's. */
const TRANSFERS: Readonly<Record<number, string>> = { 16: 'PQ', 18: 'HLG' };
const PRIMARIES: Readonly<Record<number, string>> = { 9: 'BT.2020', 11: 'DCI-P3', 12: 'Display P3' };

/**
 * What kind of picture this is where colours are described by code points (PNG's cICP chunk, AVIF's nclx box) that the decoder
 * passes over, so that it would come out washed out; else undefined.
 * @param profile whether an ICC profile is embedded, which describes an AVIF's colours in their place
 */
export function unreadableColours(bytes: Uint8Array, format: SharpFormat, profile: boolean): string | undefined {
  return unreadableCodePoints(codePoints(bytes, format), profile && format === 'AVIF');
}

/** @param replaced whether an ICC profile describes the colours in their place */
export function unreadableCodePoints(codes: CodePoints | undefined, replaced: boolean): string | undefined {
  if (codes === undefined) return undefined;
  const [primaries, transfer] = codes;
  const curve = TRANSFERS[transfer];
  if (curve !== undefined) return `an HDR picture (${curve})`;
  const wide = PRIMARIES[primaries];
  return wide === undefined || replaced ? undefined : `a picture with ${wide} colours and no ICC profile that is used`;
}

export type CodePoints = readonly [primaries: number, transfer: number];

function codePoints(bytes: Uint8Array, format: SharpFormat): CodePoints | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, HEADER_BYTES));
  if (format === 'PNG') {
    const at = head.indexOf('\0\0\0\x04cICP', 0, 'latin1') + 8;
    return at >= 8 && at + 4 <= head.length ? [head.readUInt8(at), head.readUInt8(at + 1)] : undefined;
  }
  if (format !== 'AVIF') return undefined;
  const at = head.indexOf('colrnclx', 0, 'latin1') + 8;
  return at >= 8 && at + 4 <= head.length ? [head.readUInt16BE(at), head.readUInt16BE(at + 2)] : undefined;
}
