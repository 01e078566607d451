import { Tokenizer } from '@huggingface/tokenizers';
import { errorMessage } from '@neurodex/core';
import { parseJson } from '@neurodex/core/json';
import { damaged } from '@neurodex/core/storage';
import { foldCase, normaliseText } from './normalise.ts';
import { checkTokenizer, countTokens, type TokenizerShape } from './tokenizer-shape.ts';

/** Of the library: the declarations that it brings cannot be resolved under `nodenext`. */
interface Encoder {
  encode(text: string): { readonly ids: number[]; readonly tokens: readonly string[] };
}

export interface TextTokenizerOptions {
  /**
   * Whether texts are put into lower case first, as those were that `trainTokenizer` read; by default yes. The files of other
   * models do it themselves where they want it.
   */
  readonly fold?: boolean;
}

/** Text in, token ids out, as a tokenizer.json says. */
export class TextTokenizer {
  /** Ids are 0 to size − 1. */
  readonly size: number;
  readonly #encoder: Encoder;
  readonly #file: string;
  readonly #fold: boolean;

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
  static parse(json: string, file: string, { fold = true }: TextTokenizerOptions = {}): TextTokenizer {
    let value: unknown;
    try {
      value = parseJson(json);
    } catch (error) {
      throw damaged(file, errorMessage(error), error);
    }
    checkTokenizer(value, file);
    const size = countTokens(value, file);
    let encoder: Encoder;
    try {
      encoder = new Tokenizer(value, settingsOf(value));
    } catch (error) {
      throw damaged(file, `describes a tokenizer that cannot be made: ${errorMessage(error)}`, error);
    }
    return new TextTokenizer(encoder, size, file, fold);
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
}

/** What the library else takes from a second file. A model of whole words has its unknown token there. */
const settingsOf = ({ model }: TokenizerShape): object => ({
  clean_up_tokenization_spaces: false,
  ...(typeof model.unk_token === 'string' ? { unk_token: model.unk_token } : {}),
});
