import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '@neurodex/core/random';
import { foldCase, normaliseText } from '../packages/neurodex/src/text/normalise.ts';
import { TextTokenizer } from '../packages/neurodex/src/text/tokenizer.ts';
import { trainTokenizer } from '../packages/neurodex/src/text/train-bpe.ts';

/**
 * A tokenizer that Neurodex trained, the corpus that it was trained on, and the ids of 10,000 other strings:
 * write_tokenizer.ts OUT
 */
const [out = ''] = process.argv.slice(2);
const VOCABULARY = 4096;

/**
 * Blocks of twenty scripts. PyPI's tokenizers 0.23.3 knows the letters of Unicode 16, and Node those of its own version: a letter
 * that only one of them knows is a sign to the other, and their pieces differ. With a Node of Unicode 17 that was so for the
 * 4,699 letters and marks that are new in it; the other 155,102 assigned characters were cut and composed alike. The blocks have
 * characters of Unicode 15 alone, which Node 20 has; U+0C5C of Telugu is left out.
 */
const BLOCKS: Readonly<Record<string, readonly (readonly [first: number, last: number])[]>> = {
  Latin: [
    [0x41, 0x24f],
    [0x1e00, 0x1eff],
  ],
  Greek: [
    [0x370, 0x3ff],
    [0x1f00, 0x1fff],
  ],
  Cyrillic: [[0x400, 0x52f]],
  Armenian: [[0x531, 0x58f]],
  Georgian: [
    [0x10a0, 0x10ff],
    [0x1c90, 0x1cbf],
  ],
  Hebrew: [[0x591, 0x5f4]],
  Arabic: [
    [0x600, 0x6ff],
    [0x750, 0x77f],
  ],
  Devanagari: [[0x900, 0x97f]],
  Bengali: [[0x980, 0x9fe]],
  Tamil: [[0xb80, 0xbff]],
  Telugu: [
    [0xc00, 0xc5b],
    [0xc5d, 0xc7f],
  ],
  Thai: [[0xe00, 0xe7f]],
  Lao: [[0xe80, 0xeff]],
  Tibetan: [[0xf00, 0xfff]],
  Khmer: [[0x1780, 0x17ff]],
  Hangul: [
    [0x1100, 0x11ff],
    [0xac00, 0xd7a3],
  ],
  Hiragana: [[0x3041, 0x309f]],
  Katakana: [
    [0x30a0, 0x30ff],
    [0xff66, 0xff9f],
  ],
  Han: [
    [0x3400, 0x9fff],
    [0x20000, 0x2a6df],
  ],
  Ethiopic: [[0x1200, 0x139f]],
};

/** What may stand in a text of any script. */
const COMMON = [
  ...[
    '0',
    '7',
    '٣',
    '५',
    '½',
    '.',
    ',',
    '!',
    '?',
    "'",
    '’',
    '"',
    '(',
    ')',
    '-',
    '–',
    '…',
    '·',
    '。',
    '、',
    '؟',
    '।',
    '$',
    '€',
    '+',
  ],
  ...['🐕', '👩🏽‍🚀', '👨‍👩‍👧‍👦', '❤️‍🔥', '1️⃣', '🇫🇷', '☕', '\u0301', '\u0323', '\u200d', '\u200c', '\u00ad'],
];
const SPACES = [' ', ' ', ' ', '  ', '\t', '\n', '\u00a0', '\u3000', '\u200b'];

const alphabets = Object.entries(BLOCKS).map(([script, blocks]) => {
  const ofScript = new RegExp(`^\\p{Script=${script}}$`, 'u');
  return blocks
    .flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => String.fromCodePoint(first + i)))
    .filter((character) => ofScript.test(character));
});

function drawn(random: Random, script: number): string {
  const alphabet = alphabets[script % alphabets.length] ?? [];
  // Few letters of many, as texts have them, so that pairs repeat.
  const letter = (): string => alphabet[Math.floor(alphabet.length * random.uniform() ** 3)] ?? '';
  const word = (): string => Array.from({ length: 1 + random.integer(8) }, letter).join('');
  const part = (): string => [word, word, word, () => random.pick(COMMON)][random.integer(4)]?.() ?? '';
  const parts = Array.from(
    { length: 1 + random.integer(8) },
    () => part() + (random.integer(3) > 0 ? random.pick(SPACES) : ''),
  );
  return `${word()}${parts.join('')}`;
}

const texts = (name: string, count: number): string[] => {
  const random = Random.stream(1, name);
  return Array.from({ length: count }, (_, i) => drawn(random, i));
};
const normal = (text: string): string => foldCase(normaliseText(text));

mkdirSync(out, { recursive: true });
const corpus = texts('corpus', 4000).map(normal);
const json = JSON.stringify(trainTokenizer(corpus, { vocabulary: VOCABULARY }));
const tokenizer = TextTokenizer.parse(json, 'tokenizer.json');
writeFileSync(join(out, 'tokenizer.json'), json);
const strings = texts('strings', 10_000).map((text, i) => {
  // Every other one is given in parts, so that the normalizer in the file has something to do.
  return { text: i % 2 === 0 ? normal(text) : normal(text).normalize('NFD'), ids: tokenizer.encode(text) };
});
writeFileSync(join(out, 'texts.json'), JSON.stringify({ vocabulary: VOCABULARY, corpus, strings }));
