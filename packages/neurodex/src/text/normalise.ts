import { NeurodexError } from '@neurodex/core';

/** The longest text that is read, in code points: far beyond a caption, and short enough to tokenise at once. */
export const MAX_CODE_POINTS = 2000;

/** White space of Unicode, and two characters that others write between words: the byte order mark and the zero width space. */
const WHITE_SPACE = /[\p{White_Space}\uFEFF\u200B]+/gu;
/** What no text has once its white space is plain: controls, halves of a surrogate pair, the replacement character. */
const NO_TEXT = /[\p{Cc}\p{Cs}\uFFFD]/u;

/**
 * A text as it is stored and searched with: in Unicode's Normalization Form C (UAX #15), each run of white space one U+0020,
 * and none at its ends. Normalising twice changes nothing. Captions and queries go through this function alike.
 * @throws NeurodexError `text-empty`, `text-invalid`, `text-too-long`
 */
export function normaliseText(text: string): string {
  // Form C first: it turns some white space into other white space, and no space into anything else.
  const normal = text.normalize('NFC').replace(WHITE_SPACE, ' ').trim();
  if (normal === '') throw empty(text);
  const wrong = NO_TEXT.exec(normal)?.[0];
  if (wrong !== undefined) throw invalid(wrong);
  const codePoints = countCodePoints(normal);
  if (codePoints > MAX_CODE_POINTS) throw tooLong(codePoints);
  return normal;
}

/**
 * A text in lower case, for whatever compares words: Unicode's default mapping, in no language's own way. Form C again, since
 * the mapping of U+0130 is two characters. The text keeps its marks: é is not e.
 */
export const foldCase = (text: string): string => text.normalize('NFC').toLowerCase().normalize('NFC');

/** A text as words are compared, normalised and in lower case; undefined for one that could not be searched with. */
export function comparableText(text: string): string | undefined {
  try {
    return foldCase(normaliseText(text));
  } catch (error) {
    if (error instanceof NeurodexError) return undefined;
    throw error;
  }
}

/** Of a text without lone surrogates: each of its pairs is two units of UTF-16. */
function countCodePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00) count--;
  }
  return count;
}

const empty = (text: string): NeurodexError =>
  new NeurodexError('text-empty', text === '' ? 'the text is empty' : 'the text has nothing but white space', {
    hint: 'write in words what the picture shows',
  });

function invalid(character: string): NeurodexError {
  const codePoint = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  const refused = (what: string, hint: string): NeurodexError =>
    new NeurodexError('text-invalid', `the text has ${what}`, { hint, details: { codePoint } });
  if (/\p{Cc}/u.test(character)) {
    return refused(`a control character, ${codePoint}`, 'remove that character; white space and letters are enough');
  }
  if (/\p{Cs}/u.test(character)) {
    return refused(`half of a surrogate pair, ${codePoint}`, 'cut texts between characters, never within one');
  }
  return refused(
    `the replacement character, ${codePoint}: it was not UTF-8 where it came from`,
    'read the text again from its source, in the encoding that it has there',
  );
}

const tooLong = (codePoints: number): NeurodexError =>
  new NeurodexError(
    'text-too-long',
    `the text has ${codePoints.toLocaleString('en-US')} characters, and the limit is ${MAX_CODE_POINTS.toLocaleString('en-US')}`,
    {
      hint: 'shorten it to what can be seen in the picture',
      details: { codePoints, limit: MAX_CODE_POINTS },
    },
  );
