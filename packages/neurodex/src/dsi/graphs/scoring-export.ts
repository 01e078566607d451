import { float32, type Graph, int32, openParameters, parameterCount, type Tensor, trace } from '@neurodex/autograd';
import { type Geometry, inputType } from '../model/geometry.ts';
import { decode, encode } from '../model/network.ts';
import { asConstants, dsiParameters, type ParameterArrays } from '../model/parameters.ts';

/**
 * The network as two graphs that know nothing of a catalogue, for other programs to search with. Inputs and outputs:
 * pictures (as `shownType` has them) → keys0, values0, … (float32 [P,B,D] for each layer); these with tokens (int32 [T,B]),
 * positions (int32 [T]) and mask (float32 [T,P+T]) → logits (float32 [T,B,V]).
 * @param parameters built in; without them both take the flat vector as an input
 */
export function scoringGraphs(
  geometry: Geometry,
  batch: number,
  slots: number,
  parameters?: ParameterArrays,
): { encoder: Graph; decoder: Graph } {
  const { sequenceLength: patches, width, layers } = geometry;
  const specs = dsiParameters(geometry);
  const flat = float32(parameterCount(specs));
  const fed = parameters === undefined ? { parameters: flat } : {};
  const open = (tensors: Readonly<Record<string, Tensor>>, scope: Tensor['scope']) =>
    parameters === undefined ? openParameters(specs, tensors.parameters as Tensor) : asConstants(parameters, scope);
  const memoryType = float32(patches, batch, width);
  const names = Array.from({ length: layers }, (_, i) => [`keys${i}`, `values${i}`] as const);

  const encoder = trace({ ...fed, pictures: inputType(geometry, batch) }, (tensors, scope) => {
    const { keys, values } = encode(open(tensors, scope), tensors.pictures, geometry, { dropout: 0 });
    return Object.fromEntries(
      names.flatMap(([key, value], i) => [
        [key, keys[i] as Tensor],
        [value, values[i] as Tensor],
      ]),
    );
  });
  const decoder = trace(
    {
      ...fed,
      ...Object.fromEntries(names.flat().map((name) => [name, memoryType])),
      tokens: int32(slots, batch),
      positions: int32(slots),
      mask: float32(slots, patches + slots),
    } as const,
    (tensors, scope) => {
      const all = tensors as Readonly<Record<string, Tensor>>;
      const memory = {
        keys: names.map(([key]) => all[key] as Tensor),
        values: names.map(([, value]) => all[value] as Tensor),
      };
      return { logits: decode(open(all, scope), memory, tensors.tokens, tensors, geometry, { dropout: 0 }) };
    },
  );
  return { encoder, decoder };
}
