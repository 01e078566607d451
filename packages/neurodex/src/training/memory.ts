/** The sizes of a training step. */
export interface StepSizes {
  /** L */
  readonly layers: number;
  /** D */
  readonly width: number;
  /** F */
  readonly feedForwardWidth: number;
  /** H */
  readonly heads: number;
  /** P */
  readonly sequenceLength: number;
  /** Numbers that a patch is made of. */
  readonly stem: number;
  /** V */
  readonly vocabulary: number;
  /** Rows of the table of token embeddings. */
  readonly embeddingRows: number;
  /** T, token positions behind each picture. */
  readonly positions: number;
  /** B */
  readonly batch: number;
}

const FLOAT = Float32Array.BYTES_PER_ELEMENT;

/** Parameters and both moments, read and written: three vectors twice; the gradient, and the best parameters so far. */
const VECTORS = 8;

/** Bytes that ONNX Runtime takes for the graph of a layer alone: about 250 nodes. Measured with 16 and 64 layers. */
const GRAPH_BYTES_PER_LAYER = 2e6;

/** Parameters of one layer (dsi/model/parameters.ts). */
const layerParameters = ({ width: D, feedForwardWidth: F }: StepSizes): number => 4 * D * D + 2 * D * F + 9 * D + F;

/** Bytes of what the backward pass needs of one layer: its input, norms, queries, keys, values, sums, and attention. */
function layerBytes(sizes: StepSizes): number {
  const { width: D, feedForwardWidth: F, heads: H, batch: B, sequenceLength, positions } = sizes;
  const S = sequenceLength + positions;
  return FLOAT * B * (S * (6 * D + F) + H * S * S);
}

/** Bytes that a training step takes at the least. */
export function stepBytes(sizes: StepSizes): number {
  const { layers: L, width: D, vocabulary: V, embeddingRows, stem } = sizes;
  const parameters = L * layerParameters(sizes) + stem * D + embeddingRows * D + D * V;
  // The last block is cut off after its keys and values for the patches, so that one layer less is counted.
  const activations = Math.max(0, L - 1) * layerBytes(sizes);
  return VECTORS * FLOAT * parameters + activations + L * GRAPH_BYTES_PER_LAYER;
}

/** '12.3 GB', in powers of ten; above that as a power. */
export function bytesInWords(bytes: number): string {
  if (bytes >= 1e18) return `${bytes.toExponential(1)} bytes`;
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
