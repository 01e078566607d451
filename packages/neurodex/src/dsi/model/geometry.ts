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
  /** Rows of the tables that have one for each prefix: `PrefixTable.size`. */
  readonly embeddingRows: number;
  /** M: decoder positions of one identifier, BOS and its tokens (identifiers/encode.ts). */
  readonly maxIdentifierLength: number;
  /**
   * What scores the next token. `shared`: one matrix for all prefixes; `own`: a matrix of each prefix; `memory`: one row of each
   * prefix (dsi/memory), which the state of the query is compared with: there are no tokens to decode.
   */
  readonly output: Config['model']['output'] | 'memory';
  readonly positions: Config['model']['positions'];
  readonly attention: Config['model']['attention'];
}

export interface GeometryOptions {
  /** `PrefixTable.size`; by default V. */
  readonly embeddingRows?: number;
  /** What an encoder gives of each picture, where the network reads that in place of pixels. */
  readonly backbone?: { readonly tokens: number; readonly channels: number } | undefined;
}

/** Positions of the tokens that go through the blocks: of an identifier; BOS alone where a memory scores the others. */
export const decodedPositions = ({ output, maxIdentifierLength }: Pick<Geometry, 'output' | 'maxIdentifierLength'>) =>
  output === 'memory' ? 1 : maxIdentifierLength;

export const geometryOf = (
  config: Pick<Config, 'pictures' | 'model'> & { readonly training: Pick<Config['training'], 'plan'> },
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
  output: config.training.plan === 'write' ? 'memory' : config.model.output,
  positions: config.model.positions,
  attention: config.model.attention,
});
