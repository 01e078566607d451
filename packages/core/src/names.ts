/** What draws nothing, or moves other text: controls, format characters, blanks that are not the space, fillers. */
const INVISIBLE = /[\p{C}\p{Zs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;
/** Within words of some scripts, and between the parts of an emoji, joiners are a part of the spelling. */
const JOINED = /([\p{L}\p{M}])[\u200c\u200d](?=\p{L})/gu;

/** What emoji are made of that would be invisible by itself. */
const EMOJI_PARTS = /[\u200d\ufe0f\u{e0020}-\u{e007f}]/u;

const withoutEmoji = (text: string): string => (EMOJI_PARTS.test(text) ? replaceEmoji(text) : text);

const replaceEmoji = (text: string): string =>
  [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)]
    .map(({ segment }) => (/\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u.test(segment) ? 'x' : segment))
    .join('');

const escaped = (character: string): string => {
  const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '"': '\\"', '\\': '\\\\' }[character];
  const code = character.codePointAt(0) ?? 0;
  return short ?? (code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`);
};

/**
 * A name as people can tell it from all others: itself, or between quotes with escapes where its ends, or all of it, could
 * not be seen ('cat ' → '"cat "', '' → '""', a no-break space → '\u00a0').
 * @example
 * ```ts
 * import { visibleName } from '@neurodex/core';
 *
 * console.log(visibleName('cat'), visibleName('cat '), visibleName('')); // → cat "cat " ""
 * ```
 */
export function visibleName(name: string): string {
  const seen = withoutEmoji(name).replace(JOINED, '$1').replaceAll(' ', '');
  const plain = name !== '' && !/^[ "]|[ "]$| {2}/.test(name) && !INVISIBLE.test(seen);
  if (plain) return name;
  const characters = [...name];
  const quoted = characters.map((character, i) => {
    // Of several spaces a page shows one.
    if (character === ' ') return characters[i - 1] === ' ' ? '\\u0020' : ' ';
    return INVISIBLE.test(character) || character === '"' || character === '\\' ? escaped(character) : character;
  });
  return `"${quoted.join('')}"`;
}

/**
 * 'a, b and c'; more than `most` are counted.
 * @example
 * ```ts
 * import { listed } from '@neurodex/core';
 *
 * const names = ['cat', 'dog', 'bird'];
 * console.log(listed(names), '|', listed(names, 2)); // → cat, dog and bird | cat, dog and 1 more
 * ```
 */
export function listed(names: readonly string[], most = 8): string {
  const shown = names.slice(0, most).map(visibleName);
  if (names.length > most) return `${shown.join(', ')} and ${(names.length - most).toLocaleString('en-US')} more`;
  const last = shown.pop() ?? '';
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`;
}

/**
 * The caption of a picture: its first label, or its path if it has no label. Empty without a picture.
 * @example
 * ```ts
 * import { captionOf } from '@neurodex/core';
 *
 * console.log(captionOf({ labels: ['cat'], path: 'a/1.png' }), captionOf({ labels: [], path: 'a/1.png' })); // → cat a/1.png
 * ```
 */
export const captionOf = (
  picture: { readonly labels: readonly string[]; readonly path: string } | undefined,
): string => {
  const label = picture?.labels[0];
  return label === undefined ? (picture?.path ?? '') : visibleName(label);
};
