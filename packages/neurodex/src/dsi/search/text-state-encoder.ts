import type { HostArray, Runtime } from '@neurodex/autograd';
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

/** Makes of texts what a network reads of them. */
export interface TextReader {
  /** Texts as `ModelInput.type`; a batch that is not full ends in padding. @throws NeurodexError `text-*`, `encoder-unusable` */
  feed(texts: readonly string[], batch: number): Promise<HostArray>;
  release(): Promise<void>;
}

export interface TextStateOptions {
  readonly runtime: Runtime;
  readonly reader: TextReader;
  /** The network that reads. */
  readonly model: Pick<DsiModel, 'geometry' | 'parameters'>;
  /** Sizes in which texts are encoded together, ascending. */
  readonly batches?: readonly number[] | undefined;
}

/** Told of a text that is read to the token `read` of `tokens`: the rest has no effect. */
export type OnLong = (read: number, tokens: number) => void;

/** Reads tokens. */
export function tokenReader(
  tokenizer: Tokenizer,
  geometry: TextStateOptions['model']['geometry'],
  onLong?: OnLong,
): TextReader {
  const { sequenceLength } = geometry;
  return {
    async feed(texts, batch) {
      const tokens = texts.map((text) => tokenizer.encode(text));
      for (const { length } of tokens) if (length > sequenceLength) onLong?.(sequenceLength, length);
      return feedTokens(tokens, batch, geometry);
    },
    release: async () => {},
  };
}

/** Makes states of texts, as many at once as there are. */
export class TextStateEncoder implements TextStates {
  private readonly options: TextStateOptions;
  private readonly encoders = new Map<number, Promise<StateEncoder>>();

  constructor(options: TextStateOptions) {
    this.options = options;
  }

  async states(texts: readonly string[]): Promise<Float32Array> {
    const { reader, model, batches = BATCHES } = this.options;
    const { width } = model.geometry;
    const states = new Float32Array(texts.length * width);
    for (let done = 0; done < texts.length; ) {
      const batch = batchFor(texts.length - done, batches);
      const part = texts.slice(done, done + batch);
      // What cannot be read is refused before a graph is made for it.
      const input = await reader.feed(part, batch);
      const encoded = await (await this.encoder(batch)).encode(input);
      states.set(encoded.subarray(0, part.length * width), done * width);
      done += part.length;
    }
    return states;
  }

  async release(): Promise<void> {
    for (const encoder of this.encoders.values()) await (await encoder).release();
    this.encoders.clear();
    await this.options.reader.release();
  }

  private encoder(batch: number): Promise<StateEncoder> {
    const { runtime, model } = this.options;
    const known = this.encoders.get(batch) ?? StateEncoder.create(runtime, model.geometry, batch, model.parameters);
    this.encoders.set(batch, known);
    return known;
  }
}
