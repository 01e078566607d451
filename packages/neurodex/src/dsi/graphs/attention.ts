import { type Graph, int32, mean, type NamedTensors, parameter, type Tensor, trace } from '@neurodex/autograd';
import { modelInput } from '../../query/model-inputs.ts';
import { fixedPlan, packedLayout } from '../model/attention-mask.ts';
import { decodedPositions, type Geometry } from '../model/geometry.ts';
import { head } from '../model/head.ts';
import { decodeRows, encode } from '../model/network.ts';
import { statesOf } from '../model/state.ts';
import { fedParameters } from './graph-parameters.ts';

/**
 * The network for one query and one identifier, with its attention as outputs: input (as `ModelInput.type`), tokens (int32
 * [M,1]) and the flat vector of parameters → logits (float32 [M,1,V]), input0 … (float32 [P,P]) and tokens0 … (float32
 * [M,P+M]), means over the heads. Where a memory scores the identifiers, BOS is the only token (M = 1), and what comes of it
 * is states (float32 [1,D]) in place of logits.
 */
export function attentionGraph(geometry: Geometry): Graph {
  const { output, sequenceLength } = geometry;
  const count = decodedPositions(geometry);
  const { inputs, open } = fedParameters(geometry);
  const own = { ...inputs, input: modelInput(geometry).type(geometry, 1), tokens: int32(count, 1) };
  return trace(own, (tensors: NamedTensors, scope) => {
    const parameters = open(tensors, scope);
    const tokens = parameter(tensors, 'tokens');
    const outputs: Record<string, Tensor> = {};
    const collect = (name: string) => {
      let block = 0;
      return (probabilities: Tensor): void => {
        outputs[`${name}${block++}`] = mean(probabilities, [0, 1]);
      };
    };
    const input = parameter(tensors, 'input');
    const cache = encode(parameters, input, geometry, { dropout: 0, onAttention: collect('input') });
    const plan = fixedPlan(tokens, packedLayout(1, count), sequenceLength);
    const options = { dropout: 0, onAttention: collect('tokens') };
    const { rows } = decodeRows(parameters, cache, tokens, plan, geometry, options);
    return output === 'memory'
      ? { states: statesOf(parameters, rows), ...outputs }
      : { logits: head(parameters, rows, tokens, 1, geometry), ...outputs };
  });
}
