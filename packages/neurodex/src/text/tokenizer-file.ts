import { NOT_OF_A_WORD } from './pieces.ts';

/** A byte-pair tokenizer as tokenizer.json of Hugging Face has it. */
export interface TokenizerFile {
  readonly version: '1.0';
  readonly truncation: null;
  readonly padding: null;
  readonly added_tokens: readonly [];
  readonly normalizer: object;
  readonly pre_tokenizer: object;
  readonly post_processor: null;
  readonly decoder: object;
  readonly model: BytePairModel;
}

export interface BytePairModel {
  readonly type: 'BPE';
  readonly dropout: null;
  readonly unk_token: null;
  readonly continuing_subword_prefix: null;
  readonly end_of_word_suffix: null;
  readonly fuse_unk: false;
  readonly byte_fallback: false;
  readonly ignore_merges: false;
  /** The id of each token. */
  readonly vocab: Readonly<Record<string, number>>;
  /** First learnt first. */
  readonly merges: readonly Merge[];
}

export type Merge = readonly [left: string, right: string];

const BYTE_LEVEL = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };

/**
 * A word has no mark of the space before it, so that it is the same token wherever it stands, also in scripts that are written
 * without spaces. The space is a regular expression because @huggingface/tokenizers 0.2.0 keeps what it should remove where the
 * pattern is a string and `invert` is false, and PyPI's tokenizers refuses a file without `invert`.
 */
const PRE_TOKENIZER = {
  type: 'Sequence',
  pretokenizers: [
    { type: 'Split', pattern: { Regex: ' ' }, behavior: 'Removed', invert: false },
    { type: 'Split', pattern: { Regex: NOT_OF_A_WORD }, behavior: 'Isolated', invert: false },
    BYTE_LEVEL,
  ],
};

/** @param tokens by their ids */
export const tokenizerFile = (tokens: readonly string[], merges: readonly Merge[]): TokenizerFile => ({
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: { type: 'NFC' },
  pre_tokenizer: PRE_TOKENIZER,
  post_processor: null,
  decoder: BYTE_LEVEL,
  model: {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges,
  },
});
