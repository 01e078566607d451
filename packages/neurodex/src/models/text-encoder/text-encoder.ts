import type { DeclaredValue, OpenedModel, Runtime, ShapedArray } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import type { TextTokenizer } from '../../text/tokenizer.ts';
import { openForeignModel } from '../encoder/open-model.ts';
import { unusable } from '../encoder/unusable.ts';
import type { Pooling, TextEncoderFacts, TextEncoderHints } from './facts.ts';
import { settleFacts } from './settle-facts.ts';

/** Texts that are encoded together, where the file does not say how many. */
const BATCH = 32;

export interface TextEncoderOptions {
  /** What the file is called in messages. */
  readonly name: string;
  readonly tokenizer: TextTokenizer;
}

/** What is left of the ids of a text, and how many there were. */
export type OnLong = (read: number, tokens: number) => void;

/** A frozen text encoder in a file of its own: texts → one vector each. */
export class FrozenTextEncoder {
  readonly facts: TextEncoderFacts;
  private readonly model: OpenedModel;
  private readonly options: TextEncoderOptions;

  private constructor(model: OpenedModel, options: TextEncoderOptions, facts: TextEncoderFacts) {
    this.model = model;
    this.options = options;
    this.facts = facts;
  }

  /** @throws NeurodexError `encoder-unusable`, also where the tokenizer is of another model */
  static async open(
    runtime: Runtime,
    onnx: Uint8Array,
    { hints, ...options }: TextEncoderOptions & { readonly hints: TextEncoderHints },
  ): Promise<FrozenTextEncoder> {
    const model = await openForeignModel(runtime, onnx, options.name);
    try {
      const settled = { ...settleFacts(model, hints, options.name), channels: 1 };
      const unknown = new FrozenTextEncoder(model, options, settled);
      const { pooling, channels } = await unknown.probe(hints.pooling);
      // A graphics processor reads beyond the end of a table without a word.
      if (runtime.device === 'cpu') await unknown.refuseOtherTokenizer();
      return new FrozenTextEncoder(model, options, { ...settled, pooling, channels });
    } catch (error) {
      await model.release();
      throw error;
    }
  }

  /** The text encoder of an index, with the settings that it was made with. @throws NeurodexError `encoder-unusable` */
  static async restore(
    runtime: Runtime,
    onnx: Uint8Array,
    facts: TextEncoderFacts,
    options: TextEncoderOptions,
  ): Promise<FrozenTextEncoder> {
    return new FrozenTextEncoder(await openForeignModel(runtime, onnx, options.name), options, facts);
  }

  /**
   * @param onLong told of each text that is longer than the encoder reads
   * @returns float32 [n,C], not scaled
   * @throws NeurodexError `text-*`, `encoder-unusable`
   */
  async embed(texts: readonly string[], onLong?: OnLong): Promise<Float32Array> {
    const { length, channels, batch } = this.facts;
    const { tokenizer } = this.options;
    const ids = texts.map((text) => {
      const all = tokenizer.encode(text);
      if (all.length > length) onLong?.(length, all.length);
      return tokenizer.shortened(all, length);
    });
    // Texts of like length together: the shorter ones are padded to the longest.
    const order = ids.map((_, i) => i).sort((a, b) => (ids[a]?.length ?? 0) - (ids[b]?.length ?? 0) || a - b);
    const out = new Float32Array(texts.length * channels);
    for (let first = 0; first < order.length; first += batch ?? BATCH) {
      const part = order.slice(first, first + (batch ?? BATCH));
      const vectors = this.pooled(
        await this.run(part.map((i) => ids[i] ?? [])),
        part.map((i) => ids[i]?.length ?? 0),
      );
      for (const [k, i] of part.entries()) out.set(vectors.subarray(k * channels, (k + 1) * channels), i * channels);
    }
    if (!out.every(Number.isFinite)) {
      throw this.refused(`gives numbers that are not finite in ${this.facts.output}`, 'take an export in float32');
    }
    return out;
  }

  release(): Promise<void> {
    return this.model.release();
  }

  /** Learns from one text what comes out. */
  private async probe(wanted: Pooling | undefined): Promise<Pick<TextEncoderFacts, 'pooling' | 'channels'>> {
    const { output } = this.facts;
    const ids = this.options.tokenizer.encode('a');
    const { shape } = await this.run([this.options.tokenizer.shortened(ids, this.facts.length)]);
    const channels = shape.at(-1) ?? 0;
    if (shape[0] === (this.facts.batch ?? 1) && channels > 0) {
      if (shape.length === 2) return { pooling: 'none', channels };
      if (shape.length === 3) return { pooling: wanted === undefined || wanted === 'none' ? 'mean' : wanted, channels };
    }
    throw this.refused(
      `gives no vector of each text: ${output} is [${shape.join(', ')}]`,
      'take an export whose output is [B, C], or [B, T, C] to take the mean of',
    );
  }

  /**
   * A model that has not all ids of the tokenizer, or far more, belongs to another one. Tables are rounded up to some number of rows, so a
   * few more say nothing.
   */
  private async refuseOtherTokenizer(): Promise<void> {
    const { size } = this.options.tokenizer;
    const hint = 'put the tokenizer.json beside the encoder that was published with it';
    const takes = async (id: number): Promise<boolean> =>
      await this.run([[id]]).then(
        () => true,
        () => false,
      );
    if (!(await takes(size - 1))) {
      throw this.refused(`does not know all ${size} tokens of its tokenizer: they are of different models`, hint);
    }
    if (await takes(Math.ceil(MANY_MORE * size) + SOME)) {
      throw this.refused(`has many more tokens than the ${size} of its tokenizer: they are of different models`, hint);
    }
  }

  /** The vectors of the texts, [n,C]. @param lengths of their ids; an index says what comes out, and so may be wrong */
  private pooled({ data, shape }: ShapedArray<Float32Array>, lengths: readonly number[]): Float32Array {
    const { pooling, channels, output } = this.facts;
    if (shape.length !== (pooling === 'none' ? 2 : 3) || shape.at(-1) !== channels) {
      throw this.refused(
        `gives [${shape.join(', ')}] in ${output}, not ${channels} numbers of each text`,
        'build the index again: it was made with another text encoder',
      );
    }
    if (pooling === 'none') return data;
    const T = defined(shape[1], 'the tokens');
    const out = new Float32Array(lengths.length * channels);
    for (const [i, length] of lengths.entries()) {
      const taken = pooling === 'first' ? 1 : length;
      for (let t = 0; t < taken; t++) {
        const from = (i * T + t) * channels;
        for (let c = 0; c < channels; c++) {
          out[i * channels + c] = (out[i * channels + c] ?? NaN) + (data[from + c] ?? NaN) / taken;
        }
      }
    }
    return out;
  }

  /** @param texts ids, at most `length` of each */
  private async run(texts: readonly (readonly number[])[]): Promise<ShapedArray<Float32Array>> {
    const { ids, mask, types, output, length, padded, padding, batch } = this.facts;
    const B = batch ?? texts.length;
    const T = padded ? length : Math.max(1, ...texts.map((text) => text.length));
    const shape = [B, T];
    const feeds: Record<string, ShapedArray> = {};
    const feed = (name: string | null, at: (text: readonly number[] | undefined, t: number) => number): void => {
      if (name === null) return;
      const values = Array.from({ length: B * T }, (_, i) => at(texts[Math.floor(i / T)], i % T));
      feeds[name] = { shape, data: this.integers(name, values) };
    };
    feed(ids, (text, t) => text?.[t] ?? padding);
    // A row that only fills the batch has one token, because the softmax over no token is not a number.
    feed(mask, (text, t) => (t < (text?.length ?? 1) ? 1 : 0));
    feed(types, () => 0);
    try {
      return await this.model.run(feeds, output);
    } catch (error) {
      throw unusable(this.options.name, `cannot be run on ${T} tokens: ${(error as Error).message}`, {
        hint: 'check that the tokenizer.json beside it is that of this model',
        cause: error,
      });
    }
  }

  private integers(name: string, values: readonly number[]): Int32Array | BigInt64Array {
    const { dtype } = defined(this.model.inputs.find((input) => input.name === name) as DeclaredValue, name);
    return dtype === 'int64' ? BigInt64Array.from(values, BigInt) : Int32Array.from(values);
  }

  private refused(what: string, hint: string) {
    return unusable(this.options.name, what, { hint });
  }
}

/** Rows of a table that its tokenizer does not use: more than these say that it is another's. */
const MANY_MORE = 1.1;
const SOME = 1024;
