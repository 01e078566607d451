/** A character of this kind is a piece by itself; letters, marks and digits that follow each other are one piece together. */
export const NOT_OF_A_WORD = '[^\\p{L}\\p{M}\\p{N}]';

/** The same cut as one expression: either a run that has none of them, or one of them that is no space. */
const PIECE = /[\p{L}\p{M}\p{N}]+|[^ ]/gu;

/**
 * The pieces of a text, in order: what byte pairs are merged within and never across. Together they are the text without its
 * spaces. Engines of one Unicode version cut alike; a character that is newer than an engine is a piece by itself there.
 */
export const piecesOf = (text: string): readonly string[] => text.match(PIECE) ?? [];

/** How often each piece occurs in the texts. */
export function countPieces(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) for (const piece of piecesOf(text)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  return counts;
}

const isPrintable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;

/**
 * A character for each byte, so that a token of any bytes is a string (Radford et al. 2019, GPT-2): the printable characters of
 * Latin-1 stand for their own bytes, and the characters from U+0100 on for the others, in order.
 */
const characters = ((): readonly string[] => {
  let others = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : 0x100 + others++));
})();

/** The 256 characters by code point: the tokens 0 to 255, in the order of `sorted(ByteLevel.alphabet())` of PyPI's tokenizers. */
export const BYTE_CHARACTERS: readonly string[] = [...characters].sort();

/** uint8 [256]: the token of each byte. */
const TOKEN_OF_BYTE = Uint8Array.from(characters, (character) => BYTE_CHARACTERS.indexOf(character));

const encoder = new TextEncoder();

/** The tokens 0 to 255 of a piece: one for each byte of its UTF-8. */
export const byteTokens = (piece: string): Uint8Array =>
  encoder.encode(piece).map((byte) => TOKEN_OF_BYTE[byte] ?? Number.NaN);
