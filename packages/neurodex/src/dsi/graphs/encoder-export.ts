import { mean, standardize, type Tensor, toOnnx, trace, transpose, uint8 } from '@neurodex/autograd';
import type { DsiModel } from '../model/model-file.ts';
import { encode } from '../model/network.ts';
import { parameterArrays } from '../model/parameters.ts';
import { builtParameters } from './graph-parameters.ts';

/** Pictures that the file takes at a time. */
const BATCH = 16;

/**
 * The network's picture encoder as an ONNX file of its own: pictures (uint8 [16,Y,X,3]) → tokens (float32 [16,P,D]), what the
 * last block reads of each patch, each brought to mean 0 and variance 1 as the block does, and embedding (float32 [16,D]),
 * their mean. The last block itself is left out: it was trained to read patches, and its own states have no reader.
 * @throws RangeError for a network that does not read pixels
 */
export function exportEncoder({ geometry, parameters }: DsiModel): Uint8Array {
  if (geometry.input !== 'pixels') throw new RangeError('this network reads no pictures');
  const { open } = builtParameters(parameterArrays(geometry, parameters));
  const graph = trace({ pictures: uint8(BATCH, geometry.imageSize, geometry.imageSize, 3) }, ({ pictures }, scope) => {
    let states: Tensor | undefined;
    encode(open({}, scope), pictures, geometry, {
      dropout: 0,
      onPatches: (read) => {
        states = read;
      },
    });
    if (states === undefined) throw new RangeError('a network without blocks has nothing to give');
    const tokens = transpose(standardize(states), [1, 0, 2]);
    return { tokens, embedding: mean(tokens, [1]) };
  });
  return toOnnx(graph, { name: 'encoder' });
}
