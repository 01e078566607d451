import type { Runtime } from '@neurodex/autograd';
import { feedTokens } from '../../query/token-input.ts';
import type { DsiModel } from '../model/model-file.ts';
import { BATCHES, batchFor } from './batch-sizes.ts';
import { StateEncoder } from './state-encoder.ts';
import type { TextStates } from './written-search.ts';

/** Cuts texts into tokens. */
export interface Tokenizer {
  /** @throws NeurodexError `text-*` */
  encode(text: string): readonly number[];
}

export interface TextStateOptions {
  readonly runtime: Runtime;
  readonly tokenizer: Tokenizer;
  /** The network that reads. */
  readonly model: Pick<DsiModel, 'geometry' | 'parameters'>;
  /** Sizes in which texts are encoded together, ascending. */
  readonly batches?: readonly number[] | undefined;
  /** Told of a text that is read to the token `read` of `tokens`: the rest has no effect. */
  readonly onLong?: ((read: number, tokens: number) => void) | undefined;
}

/** Makes states of texts, as many at once as there are. */
export class TextStateEncoder implements TextStates {
  private readonly options: TextStateOptions;
  private readonly encoders = new Map<number, Promise<StateEncoder>>();

  constructor(options: TextStateOptions) {
    this.options = options;
  }

  async states(texts: readonly string[]): Promise<Float32Array> {
    const { tokenizer, model, batches = BATCHES, onLong } = this.options;
    const { width, sequenceLength } = model.geometry;
    const tokens = texts.map((text) => tokenizer.encode(text));
    for (const { length } of tokens) if (length > sequenceLength) onLong?.(sequenceLength, length);
    const states = new Float32Array(texts.length * width);
    for (let done = 0; done < texts.length; ) {
      const encoder = await this.encoder(batchFor(texts.length - done, batches));
      const batch = tokens.slice(done, done + encoder.batch);
      const encoded = await encoder.encode(feedTokens(batch, encoder.batch, model.geometry));
      states.set(encoded.subarray(0, batch.length * width), done * width);
      done += batch.length;
    }
    return states;
  }

  async release(): Promise<void> {
    for (const encoder of this.encoders.values()) await (await encoder).release();
    this.encoders.clear();
  }

  private encoder(batch: number): Promise<StateEncoder> {
    const { runtime, model } = this.options;
    const known = this.encoders.get(batch) ?? StateEncoder.create(runtime, model.geometry, batch, model.parameters);
    this.encoders.set(batch, known);
    return known;
  }
}
