import { float32, trace } from '@neurodex/autograd';
import { expect, it } from 'vitest';
import { dsiParameters, parameterArrays } from '../model/parameters.ts';
import { smallNetwork } from '../search/small-network.fixture.ts';
import { builtParameters, fedParameters } from './graph-parameters.ts';

const { geometry, parameters } = smallNetwork(5);
const names = Object.keys(dsiParameters(geometry));
const arrays = parameterArrays(geometry, parameters);

it('parameters that are fed are one flat input', () => {
  const { inputs, open } = fedParameters(geometry);
  expect(inputs).toEqual({ parameters: float32(parameters.length) });
  trace(inputs, (tensors) => {
    const { parameters: flat } = tensors;
    const opened = open(tensors, flat?.scope as never);
    expect(Object.keys(opened)).toEqual(names);
    expect(() => open({}, flat?.scope as never)).toThrow(new RangeError('the graph has no input called parameters'));
    return { flat: flat as never };
  });
});

it('parameters that are built in are none of its inputs, but for those that stand apart', () => {
  expect(builtParameters(arrays).inputs).toEqual({});
  const apart = ['token.embedding'];
  const { inputs, open } = builtParameters(arrays, apart);
  expect(inputs).toEqual({ 'token.embedding': float32(geometry.embeddingRows, geometry.width) });
  trace({ ...inputs, other: float32(1) }, (tensors) => {
    const opened = open(tensors, tensors.other.scope);
    // What else the graph has as inputs is no parameter.
    expect(Object.keys(opened).sort()).toEqual([...names].sort());
    expect(opened['token.embedding']).toBe((tensors as Record<string, unknown>)['token.embedding']);
    for (const name of names) expect(opened[name]?.shape).toEqual(arrays[name]?.shape);
    return { same: tensors.other };
  });
});
