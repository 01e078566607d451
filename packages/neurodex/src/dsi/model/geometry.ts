import { float32, type TensorType, uint8 } from '@neurodex/autograd';
import type { Config } from '../../config.ts';
import type { TokenVocabulary } from '../../identifiers/scheme.ts';

/** The sizes that shape the network, from the configuration and the identifiers. */
export interface Geometry {
  /** Y = X, pixels. */
  readonly imageSize: number;
  readonly patchSize: number;
  /** `encoder`: an encoder's embeddings are read in place of pixels. */
  readonly stem: Config['model']['stem'] | 'encoder';
  /** C, numbers of each embedding; of the stem `encoder` alone. */
  readonly channels?: number | undefined;
  /** P: patches of the picture, or tokens of the encoder. */
  readonly sequenceLength: number;
  /** D */
  readonly width: number;
  /** F */
  readonly feedForwardWidth: number;
  /** H */
  readonly heads: number;
  /** L */
  readonly layers: number;
  /** V */
  readonly vocabulary: number;
  readonly pad: number;
  /** Rows of the table of token embeddings: V, or one for each prefix and PAD (`Trie.shownCount`). */
  readonly embeddingRows: number;
  /** M: decoder positions of one identifier, BOS and its digits (identifiers/encode.ts). */
  readonly maxIdentifierLength: number;
  /** Whether all rows of that table share an output matrix, or have their own. */
  readonly output: Config['model']['output'];
  readonly positions: Config['model']['positions'];
  readonly attention: Config['model']['attention'];
}

export interface GeometryOptions {
  /** `Trie.shownCount`; V unless told. */
  readonly embeddingRows?: number;
  /** What an encoder in front of the network gives of each picture. */
  readonly frozenBackbone?: { readonly tokens: number; readonly channels: number } | undefined;
}

export const geometryOf = (
  { pictures, model }: Pick<Config, 'pictures' | 'model'>,
  vocabulary: TokenVocabulary,
  identifierLength: number,
  { embeddingRows: tokenRows = vocabulary.size, frozenBackbone: inFront }: GeometryOptions = {},
): Geometry => ({
  imageSize: pictures.size,
  patchSize: model.patchSize,
  ...(inFront === undefined
    ? { stem: model.stem, sequenceLength: (pictures.size / model.patchSize) ** 2 }
    : { stem: 'encoder', sequenceLength: inFront.tokens, channels: inFront.channels }),
  width: model.width,
  feedForwardWidth: model.feedForwardWidth,
  heads: model.heads,
  layers: model.layers,
  vocabulary: vocabulary.size,
  pad: vocabulary.pad,
  embeddingRows: tokenRows,
  maxIdentifierLength: identifierLength,
  output: model.output,
  positions: model.positions,
  attention: model.attention,
});

/** What the network reads of B pictures: uint8 [B,Y,X,3], or float32 [B,P,C] from an encoder. */
export const inputType = (
  { imageSize: size, stem, sequenceLength: patches, channels }: Geometry,
  batch: number,
): TensorType => (stem === 'encoder' ? float32(batch, patches, channels ?? 0) : uint8(batch, size, size, 3));

/** How patches lie in the picture: side × side of them, after `first` tokens that belong to no place. */
export interface PatchGrid {
  readonly side: number;
  readonly first: number;
}

/**
 * Where the patches are; undefined where the tokens have no place in the picture: a pooled vector, or a number of them that
 * is no square. One token before a square is an encoder's class token.
 */
export function patchGrid({ sequenceLength: patches, stem }: Geometry): PatchGrid | undefined {
  for (const first of stem === 'encoder' ? [0, 1] : [0]) {
    const side = Math.sqrt(patches - first);
    if (Number.isInteger(side) && (side > 1 || stem !== 'encoder')) return { side, first };
  }
  return undefined;
}
