import type { Config } from '../../config.ts';
import type { TokenVocabulary } from '../../identifiers/scheme.ts';

/** The sizes that shape the network, from the configuration and the identifiers. */
export interface Geometry {
  /** Y = X, pixels. */
  readonly size: number;
  readonly patchSize: number;
  readonly stem: Config['model']['stem'];
  /** P */
  readonly patches: number;
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
  /** Rows of the table of embeddings: V, or one for each prefix and PAD (`Trie.shownCount`). */
  readonly embeddings: number;
  /** M: decoder positions of one identifier, BOS and its digits (identifiers/encode.ts). */
  readonly tokens: number;
  readonly positions: Config['model']['positions'];
  readonly attention: Config['model']['attention'];
}

export const geometryOf = (
  { pictures, model }: Pick<Config, 'pictures' | 'model'>,
  vocabulary: TokenVocabulary,
  identifierLength: number,
  embeddings: number = vocabulary.size,
): Geometry => ({
  size: pictures.size,
  patchSize: model.patchSize,
  stem: model.stem,
  patches: (pictures.size / model.patchSize) ** 2,
  width: model.width,
  feedForwardWidth: model.feedForwardWidth,
  heads: model.heads,
  layers: model.layers,
  vocabulary: vocabulary.size,
  pad: vocabulary.pad,
  embeddings,
  tokens: identifierLength,
  positions: model.positions,
  attention: model.attention,
});
