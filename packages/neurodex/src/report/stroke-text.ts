import { GLYPHS, MARKS, MARKS_BELOW, MISSING } from './stroke-font.ts';

/** Units of the typeface between the ink of two glyphs. */
const SPACING = 3.4;
/** Units of the typeface in one em, so that a size here looks like that size in CSS. */
const EM = 19.5;
/** How far a mark moves up over a capital or a tall letter, in units. */
const RAISE = 5;

export interface TextStyle {
  /** Height of an em in pixels. */
  readonly size: number;
  readonly colour: string;
  /** Width of the strokes in pixels; a tenth of the size by default. */
  readonly weight?: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  /** In pixels; a longer text ends in an ellipsis. */
  readonly maxWidth?: number;
}

/** Width of the text's ink in pixels. */
export const textWidth = (text: string, size: number): number => (layOut(text).width * size) / EM;

/** The text as an SVG group of strokes, which needs no font; (x, y) is where its baseline begins, in pixels. */
export function strokeText(text: string, x: number, y: number, style: TextStyle): string {
  const { size, colour, weight = size / 10, anchor = 'start', maxWidth = Number.POSITIVE_INFINITY } = style;
  const shown = fit(text, size, maxWidth);
  const { glyphs, width } = layOut(shown);
  const scale = size / EM;
  const left = x - (anchor === 'start' ? 0 : anchor === 'middle' ? width / 2 : width) * scale;
  const strokes = glyphs.map(({ x, y, path }) => `<path transform="translate(${round(x)} ${y})" d="${path}"/>`);
  return `<g transform="translate(${round(left)} ${round(y)}) scale(${round(scale)})" fill="none" stroke="${colour}" stroke-width="${round(weight / scale)}" stroke-linecap="round" stroke-linejoin="round">${strokes.join('')}</g>`;
}

function fit(text: string, size: number, maxWidth: number): string {
  if (textWidth(text, size) <= maxWidth) return text;
  const characters = [...text.normalize('NFC')];
  while (characters.length > 0) {
    characters.pop();
    const shorter = `${characters.join('').trimEnd()}…`;
    if (textWidth(shorter, size) <= maxWidth) return shorter;
  }
  return '';
}

/** The text in lines of at most `maxWidth` pixels, broken between words; what does not fit ends in an ellipsis. */
export function wrapText(text: string, size: number, maxWidth: number, lines: number): string[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const wrapped: string[] = [];
  while (words.length > 0 && wrapped.length < lines - 1) {
    let line = words.shift() ?? '';
    while (words[0] !== undefined && textWidth(`${line} ${words[0]}`, size) <= maxWidth) line += ` ${words.shift()}`;
    wrapped.push(fit(line, size, maxWidth));
  }
  if (words.length > 0) wrapped.push(fit(words.join(' '), size, maxWidth));
  return wrapped;
}

interface Placed {
  readonly x: number;
  readonly y: number;
  readonly path: string;
}

function layOut(text: string): { readonly glyphs: readonly Placed[]; readonly width: number } {
  const glyphs: Placed[] = [];
  let x = 0;
  let middle = 0;
  let tall = false;
  for (const character of [...text.normalize('NFC')].flatMap(decomposed)) {
    const mark = MARKS[character];
    if (mark !== undefined) {
      glyphs.push({ x: middle, y: tall && !MARKS_BELOW.has(character) ? -RAISE : 0, path: mark });
      continue;
    }
    // Without a mark that is not drawn, the letter can still be read.
    if (/^\p{M}$/u.test(character)) continue;
    const [width, path] = Object.hasOwn(GLYPHS, character) ? (GLYPHS[character] ?? MISSING) : MISSING;
    if (path !== '') glyphs.push({ x, y: 0, path });
    middle = x + width / 2;
    tall = /^[\p{Lu}bdfhklt]$/u.test(character);
    x += width + SPACING;
  }
  return { glyphs, width: Math.max(0, x - SPACING) };
}

/** A letter that has no glyph of its own, as the plain letter and its marks. */
function decomposed(character: string): string[] {
  if (Object.hasOwn(GLYPHS, character)) return [character];
  const [letter = character, ...marks] = character.normalize('NFD');
  const dotless = letter === 'i' && marks.some((mark) => mark in MARKS && !MARKS_BELOW.has(mark));
  return [dotless ? 'ı' : letter, ...marks];
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
