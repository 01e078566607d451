import {
  add,
  broadcastTo,
  constant,
  gather,
  type NamedTensors,
  parameter,
  reshape,
  slice,
  type Tensor,
} from '@neurodex/autograd';
import { modelInput } from '../../query/model-inputs.ts';
import { decodedPositions, type Geometry } from './geometry.ts';

/** The input with its positions, [P,B,D]. @param input as `ModelInput.type` */
export function embedInput(parameters: NamedTensors, input: Tensor, geometry: Geometry): Tensor {
  const { sequenceLength, width } = geometry;
  const rows = slice(positionTable(parameters, input, geometry), 0, 0, sequenceLength);
  return add(modelInput(geometry).embed(parameters, input, geometry), reshape(rows, [sequenceLength, 1, width]));
}

/** Tokens with their positions, [T,B,D]. @param tokens int32 [T,B] or [T,1]: rows of the table of embeddings */
export function embedTokens(
  parameters: NamedTensors,
  tokens: Tensor,
  batch: number,
  positions: Tensor,
  geometry: Geometry,
): Tensor {
  const [count, width] = [tokens.size(0), geometry.width];
  const rows = gather(positionTable(parameters, tokens, geometry), positions);
  const placed = add(gather(parameter(parameters, 'token.embedding'), tokens), reshape(rows, [count, 1, width]));
  return tokens.size(1) === batch ? placed : broadcastTo(placed, [count, batch, width]);
}

/** One table over the input, then places of an identifier: [P+M, D]; sines and cosines as in Vaswani et al. 2017, §3.5. */
function positionTable(parameters: NamedTensors, like: Tensor, geometry: Geometry): Tensor {
  const { positions, sequenceLength, width } = geometry;
  if (positions === 'learned') return parameter(parameters, 'position');
  const rows = sequenceLength + decodedPositions(geometry);
  const table = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < width; column++) {
      const angle = row / 10000 ** ((2 * Math.floor(column / 2)) / width);
      table[row * width + column] = column % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return constant(like.scope, 'float32', [rows, width], table);
}
