import type { Config } from '../../config.ts';
import type { TokenVocabulary } from '../../identifiers/scheme.ts';
import type { InputGeometry } from '../../query/model-input.ts';
import { inputGeometry } from '../../query/model-inputs.ts';

/** The sizes that shape the network, from the configuration and the identifiers. */
export interface Geometry extends InputGeometry {
  /** F */
  readonly feedForwardWidth: number;
  /** H */
  readonly heads: number;
  /** L */
  readonly layers: number;
  /** V */
  readonly vocabulary: number;
  readonly pad: number;
  /** Rows of the table of token embeddings: `PrefixTable.size`. */
  readonly embeddingRows: number;
  /** M: decoder positions of one identifier, BOS and its tokens (identifiers/encode.ts). */
  readonly maxIdentifierLength: number;
  /** Whether all rows of that table share an output matrix, or have their own. */
  readonly output: Config['model']['output'];
  readonly positions: Config['model']['positions'];
  readonly attention: Config['model']['attention'];
}

export interface GeometryOptions {
  /** `PrefixTable.size`; by default V. */
  readonly embeddingRows?: number;
  /** What an encoder gives of each picture, where the network reads that in place of pixels. */
  readonly backbone?: { readonly tokens: number; readonly channels: number } | undefined;
}

export const geometryOf = (
  config: Pick<Config, 'pictures' | 'model'>,
  vocabulary: TokenVocabulary,
  maxIdentifierLength: number,
  { embeddingRows = vocabulary.size, backbone }: GeometryOptions = {},
): Geometry => ({
  ...inputGeometry(config, backbone),
  feedForwardWidth: config.model.feedForwardWidth,
  heads: config.model.heads,
  layers: config.model.layers,
  vocabulary: vocabulary.size,
  pad: vocabulary.pad,
  embeddingRows,
  maxIdentifierLength,
  output: config.model.output,
  positions: config.model.positions,
  attention: config.model.attention,
});
