import type { Random, Runtime } from '@neurodex/autograd';
import type { IdentifierOrder } from '../config.ts';

/** What a scheme may look at when it names the catalogue. */
export interface Nameable {
  readonly path: string;
  readonly labels: readonly string[];
}

/** One vector per catalogue picture, in catalogue order. */
export interface PictureVectors {
  /** float32 [N, length] */
  readonly values: Float32Array;
  readonly length: number;
}

export interface SchemeOptions {
  /** `clustered`: class by class, in catalogue order within a class; `random`: shuffled. Of `numeric` alone. */
  readonly order: IdentifierOrder;
  /** Pad with zeros to one length, so that every identifier has the same M. */
  readonly zeroPadding: boolean;
  /** Most pictures of a cluster that is not divided. Of `semantic`, as is what follows. */
  readonly leafSize?: number;
  readonly points?: PictureVectors;
  readonly runtime?: Runtime;
  /** Told how many pictures have a name; may throw to stop the work. */
  readonly onProgress?: (done: number) => void;
}

/**
 * A way to name catalogue pictures. The contract (scheme.contract.ts): N entries get N distinct identifiers, in the
 * order of the entries; the same random state gives the same names; every token is below `vocabulary.size`.
 */
export interface IdentifierScheme {
  readonly name: string;
  readonly vocabulary: TokenVocabulary;
  assign(catalogue: readonly Nameable[], options: SchemeOptions, random: Random): string[] | Promise<string[]>;
  /** Identifier → its tokens, without BOS, EOS and PAD. */
  toTokens(identifier: string): number[];
  /** The inverse of `toTokens`. */
  fromTokens(tokens: readonly number[]): string;
}

/** Tokens of a scheme. For `numeric`: 0 … 9 are the digits, 10 BOS, 11 PAD, 12 EOS, size 13. */
export interface TokenVocabulary {
  /** V */
  readonly size: number;
  readonly bos: number;
  readonly pad: number;
  readonly eos: number;
}
