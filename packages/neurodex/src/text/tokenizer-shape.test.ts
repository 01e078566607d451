import { describe, expect, it } from 'vitest';
import { TextTokenizer } from './tokenizer.ts';
import { trainTokenizer } from './train-bpe.ts';

const NOTHING = { added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null };
const special = (id: number, content: string): object => ({ id, content, special: true, normalized: false });

/** As CLIP has it: words end in </w>, and the text stands between two tokens. */
const CLIP = {
  ...NOTHING,
  added_tokens: [special(9, '<|startoftext|>'), special(10, '<|endoftext|>')],
  normalizer: {
    type: 'Sequence',
    normalizers: [
      { type: 'NFC' },
      { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
      { type: 'Lowercase' },
    ],
  },
  pre_tokenizer: {
    type: 'Sequence',
    pretokenizers: [
      {
        type: 'Split',
        pattern: { Regex: "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+" },
        behavior: 'Removed',
        invert: true,
      },
      { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true },
    ],
  },
  post_processor: {
    type: 'RobertaProcessing',
    sep: ['<|endoftext|>', 10],
    cls: ['<|startoftext|>', 9],
    trim_offsets: false,
    add_prefix_space: false,
  },
  decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true },
  model: {
    type: 'BPE',
    unk_token: '<|endoftext|>',
    continuing_subword_prefix: '',
    end_of_word_suffix: '</w>',
    vocab: {
      ...{ d: 0, o: 1, g: 2, 's</w>': 3, 'g</w>': 4, do: 5, 'dog</w>': 6, 'o</w>': 7, 'a</w>': 8 },
      ...{ '<|startoftext|>': 9, '<|endoftext|>': 10 },
    },
    merges: ['d o', 'do g</w>'],
  },
};

/** As BERT has it. */
const BERT = {
  ...NOTHING,
  normalizer: {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '[CLS]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '[SEP]', type_id: 0 } },
    ],
    pair: [],
    special_tokens: {},
  },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: { '[UNK]': 0, '[CLS]': 1, '[SEP]': 2, dog: 3, '##s': 4, a: 5, 狗: 6 },
  },
};

/** As T5 and SigLIP have it. */
const T5 = {
  ...NOTHING,
  added_tokens: [special(1, '</s>')],
  pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
  post_processor: {
    type: 'TemplateProcessing',
    single: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '</s>', type_id: 0 } }],
    pair: [],
    special_tokens: {},
  },
  decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
  model: {
    type: 'Unigram',
    unk_id: 2,
    vocab: [
      ['<pad>', 0],
      ['</s>', 0],
      ['<unk>', 0],
      ['▁', -2],
      ['▁dog', -3],
      ['s', -4],
      ['▁A', -3.5],
      ['▁a', -3.2],
    ],
  },
};

const WORDS = {
  ...NOTHING,
  pre_tokenizer: { type: 'WhitespaceSplit' },
  model: { type: 'WordLevel', unk_token: '[UNK]', vocab: { '[UNK]': 0, a: 1, dog: 2 } },
};

const parse = (file: object, foreign = true): TextTokenizer =>
  TextTokenizer.parse(JSON.stringify(file), 'tokenizer.json', { foreign });

describe("another model's tokenizer", () => {
  it('of byte pairs puts its own tokens around the text', () => {
    expect(parse(CLIP).size).toBe(11);
    expect(parse(CLIP).encode('A  Dog')).toEqual([9, 8, 6, 10]);
    expect(parse(CLIP).encode('dogs?')).toEqual([9, 5, 2, 3, 10, 10]);
  });

  it('of word pieces', () => {
    expect(parse(BERT).size).toBe(7);
    expect(parse(BERT).encode('A dogs狗 cat')).toEqual([1, 5, 3, 4, 6, 0, 2]);
  });

  it('of a unigram model, which reads capitals', () => {
    expect(parse(T5).size).toBe(8);
    expect(parse(T5).encode('A dogs')).toEqual([6, 4, 5, 1]);
    expect(parse(T5, false).encode('A dogs')).toEqual([7, 4, 5, 1]);
    expect(parse(T5).encode('dog漢')).toEqual([4, 2, 1]);
  });

  it('may leave ids out', () => {
    const vocab = { '[UNK]': 0, a: 1, dog: 5 };
    const sparse = parse({ ...WORDS, model: { ...WORDS.model, vocab } });
    expect(sparse.size).toBe(6);
    expect(sparse.encode('a dog')).toEqual([1, 5]);
  });

  it('keeps what stands behind every text when it is shortened', () => {
    const clip = parse(CLIP);
    const ids = clip.encode('dogs dog a');
    expect(ids).toEqual([9, 5, 2, 3, 6, 8, 10]);
    expect(clip.shortened(ids, 7)).toEqual(ids);
    expect(clip.shortened(ids, 5)).toEqual([9, 5, 2, 3, 10]);
    expect(clip.shortened(ids, 1)).toEqual([10]);
    expect(parse(WORDS).shortened([1, 2, 0], 2)).toEqual([1, 2]);
  });

  it('of whole words', () => {
    expect(parse(WORDS).encode('a dog barks')).toEqual([1, 2, 0]);
  });
});

describe('a file that is no tokenizer', () => {
  const own = JSON.parse(JSON.stringify(trainTokenizer([], { vocabulary: 256 })));
  const words = (vocab: object, more = {}): object => ({ ...WORDS, model: { ...WORDS.model, vocab }, ...more });

  it.each([
    ['{', /is not valid JSON/],
    ['[]', /does not describe a tokenizer/],
    ['{}', /does not describe a tokenizer: added_tokens is missing/],
    [JSON.stringify({ ...own, model: undefined }), /model is missing/],
    [JSON.stringify({ ...own, model: { ...own.model, vocab: { a: 'b' } } }), /model\.vocab/],
    [JSON.stringify({ ...own, model: { ...own.model, vocab: { a: -1 } } }), /model\.vocab/],
    [
      JSON.stringify({ ...own, normalizer: { type: 'Unheard' } }),
      /describes a tokenizer that cannot be made: .*Unheard/,
    ],
    [
      JSON.stringify({ ...own, model: { ...own.model, merges: undefined } }),
      /describes a tokenizer that cannot be made/,
    ],
    [JSON.stringify(words({})), /has no tokens/],
    [JSON.stringify(words({ a: 0, b: 2 })), /has no token with the id 1, and 2 in all/],
    [JSON.stringify(words({ a: 1 })), /has no token with the id 0, and 1 in all/],
    [JSON.stringify(words({ a: 0, b: 0 })), /gives the id 0 to two tokens, "a" and "b"/],
    [
      JSON.stringify(words({ a: 0 }, { added_tokens: [special(0, '<s>')] })),
      /gives the id 0 to two tokens, "a" and "<s>"/,
    ],
    [
      JSON.stringify(words({ a: 0 }, { added_tokens: [special(2, '<s>')] })),
      /has no token with the id 1, and 2 in all/,
    ],
  ])('is damaged: %s', (json, message) => {
    expect(() => TextTokenizer.parse(json, 'text/tokenizer.json')).toThrow(
      expect.objectContaining({
        code: 'index-damaged',
        message: expect.stringMatching(/^text\/tokenizer\.json /),
        details: { file: 'text/tokenizer.json' },
      }),
    );
    expect(() => TextTokenizer.parse(json, 'text/tokenizer.json')).toThrow(message);
  });

  it('is found out by a text that has no ids in it', () => {
    const { unk_token: _, ...model } = WORDS.model;
    const tokenizer = parse({ ...WORDS, model });
    expect(tokenizer.encode('a dog')).toEqual([1, 2]);
    expect(() => tokenizer.encode('a cat')).toThrow(
      expect.objectContaining({ code: 'index-damaged', message: 'tokenizer.json has no id for "cat"' }),
    );
  });

  it('may have tokens that are spelled like properties of all objects', () => {
    const json = JSON.stringify(WORDS).replace('"dog":2', '"__proto__":2,"constructor":3');
    const tokenizer = TextTokenizer.parse(json, 'tokenizer.json');
    expect(tokenizer.size).toBe(4);
    expect(tokenizer.encode('a __proto__ constructor toString')).toEqual([1, 2, 3, 0]);
  });
});
