import { writeSafetensors } from '@neurodex/autograd';
import { describe, expect, it } from 'vitest';
import { smallNetwork } from '../search/small-network.fixture.ts';
import { dsiParameters, parameterArrays } from './parameters.ts';
import { readParameters, readPrefixes } from './read-parameters.ts';

const { geometry, parameters } = smallNetwork(5);
const arrays = parameterArrays(geometry, parameters);

describe('the parameters of a file', () => {
  const read = (changes: object) => readParameters(writeSafetensors({ ...arrays, ...changes }), geometry);

  it('are one vector in the order of the network, whatever their order in the file', () => {
    expect(read({})).toEqual(parameters);
    const turned = Object.fromEntries(Object.entries(arrays).reverse());
    expect(readParameters(writeSafetensors(turned), geometry)).toEqual(parameters);
  });

  it('are refused when a name is unknown or a value is not finite', () => {
    const more = { shape: [1], data: Float32Array.of(1) };
    expect(() => read({ more })).toThrow(new RangeError('it holds other parameters as well'));
    const data = new Float32Array(geometry.width).fill(Number.NaN);
    expect(() => read({ 'final.bias': { shape: [geometry.width], data } })).toThrow(
      new RangeError('it holds numbers that are not finite'),
    );
  });

  it('are refused of more layers than there are names, before anything is made for them', () => {
    const names = Object.keys(dsiParameters(geometry)).length;
    const bytes = writeSafetensors(arrays);
    const of = (layers: number) => () => readParameters(bytes, { ...geometry, layers });
    expect(of(names + 1)).toThrow(new RangeError(`it has no parameters of ${names + 1} layers`));
    expect(of(names)).toThrow(/^the parameter block2\.\S+ is missing or has another shape$/);
    expect(of(1)).toThrow('other parameters as well');
  });
});

describe('the prefixes of a file', () => {
  const own = { ...geometry, embeddingRows: 4, vocabulary: 13 };
  const vector = (values: readonly number[]) => ({ shape: [values.length], data: Int32Array.from(values) });
  const read = (parents: readonly number[] | undefined, tokens: readonly number[] | undefined) =>
    readPrefixes(
      writeSafetensors({
        ...arrays,
        ...(parents === undefined ? {} : { 'prefix.parents': vector(parents) }),
        ...(tokens === undefined ? {} : { 'prefix.tokens': vector(tokens) }),
      }),
      own,
    );

  it('are none where rows are tokens', () => {
    expect(read(undefined, undefined)).toBeUndefined();
  });

  it.each([
    [
      [-1, -1, 1, 2],
      [-1, 10, 0, 12],
    ],
    [
      [-1, -1, 1, 1],
      [-1, 10, 3, 3],
    ],
    // Whatever stands behind no prefix at all.
    [
      [-1, -1, -1, -1],
      [-1, 10, 3, 4],
    ],
  ])('are parents and tokens of rows: %j %j', (parents, tokens) => {
    expect(read(parents, tokens)).toEqual({ parents: Int32Array.from(parents), tokens: Int32Array.from(tokens) });
  });

  const [parents, tokens] = [
    [-1, -1, 1, 2],
    [-1, 10, 0, 12],
  ];
  it.each([
    ['no parents', undefined, tokens],
    ['no tokens', parents, undefined],
    ['too few parents', [-1, -1, 1], tokens],
    ['too few tokens', parents, [-1, 10, 0]],
    ['too many parents', [-1, -1, 1, 2, 2], tokens],
    ['too many tokens', parents, [-1, 10, 0, 12, 1]],
    ['a row that is its own parent', [-1, -1, 2, 2], tokens],
    ['a parent that comes later', [-1, -1, 3, 2], tokens],
    ['padding as a parent', [-1, -1, 0, 2], tokens],
    ['padding with a parent', [1, -1, 1, 2], tokens],
    ['padding that is its own parent', [0, -1, 1, 2], tokens],
    ['a first row with a parent', [-1, 1, 1, 2], tokens],
    ['a parent below −1', [-1, -1, -2, 2], tokens],
    ['a token for padding', parents, [0, 10, 0, 12]],
    ['no token for a prefix', parents, [-1, 10, -1, 12]],
    ['a token beyond the vocabulary', parents, [-1, 10, 0, 13]],
  ])('are refused with %s', (_, parents, tokens) => {
    expect(() => read(parents, tokens)).toThrow(new RangeError('its table of prefixes makes no sense'));
  });
});
