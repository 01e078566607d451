/**
 * Words by UAX #29; where Thai, Khmer, Chinese or Japanese has no spaces, by the dictionaries of ICU. The locale is fixed: by
 * default it is that of the machine, and locales have rules of their own (`en-US-u-va-posix` parts `u.s.a`, `en` does not),
 * so that an index made on one machine and a query on another could disagree. What remains is the version of ICU, which comes with Node.
 * Made when it is needed: a search that compares no words does not wait for it.
 */
let segmenter: Intl.Segmenter | undefined;

/** Pictographs, with their modifiers and joiners, and flags: segments of their own that are no words. */
const EMOJI = /\p{Extended_Pictographic}|\p{Regional_Indicator}/u;

/** Ask for text or emoji style of the character before, and are often left out: they change the look only. */
const STYLE = /[\ufe0e\ufe0f]/gu;

/** Join words by UAX #29 where people mean two: `fire_truck`, `title:subtitle`. */
const PARTS = /[:\ufe55\uff1a_]/gu;

/** Where the simple rule of `ASCII_WORD` would differ from UAX #29: other characters, and those that join words. */
const NEEDS_SEGMENTER = /[^\t\n\r -~]|[a-z\d]['.,;][a-z\d]/u;
const ASCII_WORD = /[a-z\d]+/gu;

/**
 * The terms of a text in their order, each as often as it occurs: words in lower case and NFC, with diacritics, neither
 * stemmed nor stopped, since texts are in any language; and emoji, one term for each grapheme cluster.
 */
export function termsOf(text: string): string[] {
  const lower = text.toLowerCase();
  // Most captions are plain English, and the segmenter takes many times as long for each word.
  if (!NEEDS_SEGMENTER.test(lower)) return lower.match(ASCII_WORD) ?? [];
  return segmentedTerms(lower.normalize('NFC'));
}

/** @param text in lower case and NFC */
export function segmentedTerms(text: string): string[] {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'word' });
  const terms: string[] = [];
  for (const { segment, isWordLike } of segmenter.segment(text.replace(STYLE, '').replace(PARTS, ' '))) {
    if (isWordLike === true || EMOJI.test(segment)) terms.push(segment);
  }
  return terms;
}
