/** How the states of tokens become one vector: the output is one already; their mean; that of the first token. */
export type Pooling = 'none' | 'mean' | 'first';

/** How a text encoder is fed and read, settled. */
export interface TextEncoderFacts {
  /** Names of its inputs: ids, int32 or int64 [B,T]; 1 for a token and 0 for padding; the number of the sentence, always 0. */
  readonly ids: string;
  readonly mask: string | null;
  readonly types: string | null;
  readonly output: string;
  readonly pooling: Pooling;
  /** T: most tokens of a text, those around every text included. */
  readonly length: number;
  /** Whether every text is padded to `length`; else to the longest of a batch. */
  readonly padded: boolean;
  /** The id that stands where a text has no more tokens. */
  readonly padding: number;
  /** Texts that the file takes at once; null leaves it open. */
  readonly batch: number | null;
  /** C, numbers of a vector. */
  readonly channels: number;
}

/** What the files beside an encoder say of it: tokenizer.json, tokenizer_config.json, those of sentence-transformers. */
export interface TextEncoderHints {
  /** Most tokens of a text. */
  readonly length?: number | undefined;
  /** The model was trained with texts of one length. */
  readonly padded?: boolean | undefined;
  readonly padding?: number | undefined;
  readonly pooling?: Pooling | undefined;
}
