import { Tokenizer } from '@huggingface/tokenizers';
import { errorMessage } from '@neurodex/core';
import { parseJson } from '@neurodex/core/json';
import { damaged } from '@neurodex/core/storage';
import { foldCase, normaliseText } from './normalise.ts';
import { checkTokenizer, countTokens, type TokenizerShape } from './tokenizer-shape.ts';

/** Of the library: the declarations that it brings cannot be resolved under `nodenext`. */
interface Encoder {
  encode(
    text: string,
    options?: { readonly add_special_tokens: boolean },
  ): { readonly ids: number[]; readonly tokens: readonly string[] };
}

export interface TextTokenizerOptions {
  /**
   * Of a model that was made elsewhere; by default false. Such a file puts texts into lower case itself where its model wants it, as
   * those were that `trainTokenizer` read, and may leave ids out.
   */
  readonly foreign?: boolean;
}

/** Text in, token ids out, as a tokenizer.json says. */
export class TextTokenizer {
  /** Ids are below it. */
  readonly size: number;
  readonly #encoder: Encoder;
  readonly #file: string;
  readonly #fold: boolean;
  #behind: number | undefined;

  private constructor(encoder: Encoder, size: number, file: string, fold: boolean) {
    this.#encoder = encoder;
    this.size = size;
    this.#file = file;
    this.#fold = fold;
  }

  /**
   * Reads a tokenizer.json: of `trainTokenizer`, or of any model that the library runs (BPE, WordPiece, Unigram).
   * @param file its name, for errors
   * @throws NeurodexError `index-damaged` where it is no tokenizer, or its ids are not 0 to n−1
   */
  static parse(json: string, file: string, { foreign = false }: TextTokenizerOptions = {}): TextTokenizer {
    let value: unknown;
    try {
      value = parseJson(json);
    } catch (error) {
      throw damaged(file, errorMessage(error), error);
    }
    checkTokenizer(value, file);
    const size = countTokens(value, file, foreign);
    let encoder: Encoder;
    try {
      encoder = new Tokenizer(value, settingsOf(value));
    } catch (error) {
      throw damaged(file, `describes a tokenizer that cannot be made: ${errorMessage(error)}`, error);
    }
    return new TextTokenizer(encoder, size, file, !foreign);
  }

  /**
   * The ids of a text, with those that the file puts around every text.
   * @param text any text: it is normalised here
   * @throws NeurodexError `text-empty`, `text-invalid`, `text-too-long`; `index-damaged` where the file has no id for a part
   */
  encode(text: string): number[] {
    const normal = normaliseText(text);
    const { ids, tokens } = this.#encoder.encode(this.#fold ? foldCase(normal) : normal);
    const unknown = ids.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= this.size);
    if (unknown === -1) return ids;
    throw damaged(this.#file, `has no id for ${JSON.stringify(tokens[unknown] ?? text)}`);
  }

  /**
   * The first `most` ids of those that `encode` gives, so that the tokens that the file puts behind every text stay behind it.
   * @param most at least the number of tokens that stand around every text
   */
  shortened(ids: readonly number[], most: number): readonly number[] {
    if (ids.length <= most) return ids;
    this.#behind ??= this.#countBehind();
    const behind = this.#behind;
    return [...ids.slice(0, Math.max(0, most - behind)), ...ids.slice(ids.length - behind)].slice(0, most);
  }

  /** How many tokens stand behind every text. */
  #countBehind(): number {
    const { ids: all } = this.#encoder.encode('a');
    const { ids: bare } = this.#encoder.encode('a', { add_special_tokens: false });
    const before = all.findIndex((_, at) => bare.every((id, i) => all[at + i] === id));
    return before === -1 ? 0 : all.length - before - bare.length;
  }
}

/** What the library else takes from a second file. A model of whole words has its unknown token there. */
const settingsOf = ({ model }: TokenizerShape): object => ({
  clean_up_tokenization_spaces: false,
  ...(typeof model.unk_token === 'string' ? { unk_token: model.unk_token } : {}),
});
