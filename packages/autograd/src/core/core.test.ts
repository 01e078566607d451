import { describe, expect, it } from 'vitest';
import { ShapeError } from './errors.ts';
import { firstGradient, pair, single, triple } from './op.ts';
import { broadcastShapes, expectAxis, expectCount, expectFloat, normalAxis, reducedShape } from './shapes.ts';
import { Tensor, type TraceScope } from './tensor.ts';
import {
  allocate,
  copyElements,
  elementCount,
  float32,
  int32,
  isHostArray,
  sameShape,
  showElements,
  showType,
  uint8,
} from './types.ts';

describe('broadcastShapes', () => {
  it.each([
    [[], [], []],
    [[3], [], [3]],
    [[], [2, 3], [2, 3]],
    [[2, 3], [3], [2, 3]],
    [
      [2, 1],
      [1, 3],
      [2, 3],
    ],
    [
      [4, 1, 3],
      [2, 1],
      [4, 2, 3],
    ],
    [[1], [0], [0]],
  ])('of %j and %j is %j, as in NumPy', (a, b, both) => {
    expect(broadcastShapes(a, b)).toEqual(both);
    expect(broadcastShapes(b, a)).toEqual(both);
  });

  it.each([
    [[2], [3]],
    [[2, 3], [2]],
    [[0], [2]],
  ])('of %j and %j is none', (a, b) => {
    expect([broadcastShapes(a, b), broadcastShapes(b, a)]).toEqual([undefined, undefined]);
  });
});

describe('axes', () => {
  const matrix = float32(2, 3);

  it('count from the front, or from the end where they are negative', () => {
    expect([0, 1, -1, -2].map((axis) => normalAxis('op', matrix, axis))).toEqual([0, 1, 1, 0]);
  });

  it.each([2, -3, 0.5, Number.NaN])('%d is outside of a matrix', (axis) => {
    const refuse = () => normalAxis('op', matrix, axis);
    expect(refuse).toThrow(ShapeError);
    expect(refuse).toThrow(`op(float32[2,3]): axis ${axis} is outside a tensor of rank 2`);
  });

  it('that are counted already must be within the first operand', () => {
    for (const axis of [0, 1]) expect(() => expectAxis('op', [matrix, float32()], axis)).not.toThrow();
    for (const axis of [-1, 2, 0.5]) expect(() => expectAxis('op', [matrix], axis)).toThrow(ShapeError);
    expect(() => expectAxis('op', [float32()], 0)).toThrow('rank 0');
    expect(() => expectAxis('op', [], 0)).toThrow(ShapeError);
  });

  it('that are reduced have length 1 or none', () => {
    expect(reducedShape([2, 3, 4], [0, 2], true)).toEqual([1, 3, 1]);
    expect(reducedShape([2, 3, 4], [0, 2], false)).toEqual([3]);
    expect(reducedShape([2, 3], [], false)).toEqual([2, 3]);
  });
});

describe('operands', () => {
  it('are as many as an operation takes', () => {
    expect(() => expectCount('op', [float32(2), int32()], 2)).not.toThrow();
    expect(() => expectCount('op', [float32(2), int32()], 1)).toThrow(
      'op(float32[2], int32[]): takes 1 operands, not 2',
    );
  });

  it('are float32 where they have to be', () => {
    const mixed = [float32(2), uint8(2)];
    expect(() => expectFloat('op', [float32(2), float32()])).not.toThrow();
    expect(() => expectFloat('op', mixed)).toThrow('op(float32[2], uint8[2]): takes float32 operands');
    expect(() => expectFloat('op', mixed, [float32(2)])).not.toThrow();
  });
});

describe('types', () => {
  it('have as many elements as the product of their shape', () => {
    expect([elementCount([]), elementCount([2, 3, 4]), elementCount([2, 0])]).toEqual([1, 24, 0]);
  });

  it('have the same shape where all dimensions are the same', () => {
    expect(sameShape([2, 3], [2, 3])).toBe(true);
    expect([sameShape([2, 3], [2]), sameShape([2], [2, 3]), sameShape([2, 3], [3, 2])]).toEqual([false, false, false]);
  });

  it('are written with their element type', () => {
    expect([float32(2, 3), int32(), uint8(1)].map(showType)).toEqual(['float32[2,3]', 'int32[]', 'uint8[1]']);
  });

  it('are kept in arrays of their own', () => {
    const made = (['float32', 'int32', 'int64', 'uint8', 'bool'] as const).map((dtype) => allocate(dtype, 3));
    expect(made).toEqual([
      new Float32Array(3),
      new Int32Array(3),
      new BigInt64Array(3),
      new Uint8Array(3),
      new Uint8Array(3),
    ]);
  });

  it('are known by their arrays', () => {
    const arrays = (['float32', 'int32', 'int64', 'uint8', 'bool'] as const).map((dtype) => allocate(dtype, 1));
    expect(arrays.filter(isHostArray)).toEqual(arrays);
    expect([undefined, [1], new Float64Array(1), new Int8Array(1), new ArrayBuffer(8)].filter(isHostArray)).toEqual([]);
  });

  it('are copied from the start, or to a position', () => {
    const floats = new Float32Array(4);
    copyElements(floats, Float32Array.of(1, 2));
    copyElements(floats, Float32Array.of(3), 3);
    expect([...floats]).toEqual([1, 2, 0, 3]);
    const integers = new BigInt64Array(3);
    copyElements(integers, BigInt64Array.of(5n, 6n), 1);
    expect([...integers]).toEqual([0n, 5n, 6n]);
  });

  it('are not copied between int64 and other types', () => {
    const [floats, integers] = [new Float32Array(1), new BigInt64Array(1)];
    const message = (from: string, to: string) => `elements of ${from} do not fit in ${to}`;
    expect(() => copyElements(floats, integers)).toThrow(message('BigInt64Array', 'Float32Array'));
    expect(() => copyElements(integers, floats)).toThrow(message('Float32Array', 'BigInt64Array'));
  });

  it('show −0 apart from 0', () => {
    expect(showElements(Float32Array.of(0, -0, 1.5))).toBe('0,-0,1.5');
    expect(showElements(BigInt64Array.of(7n, -1n))).toBe('7,-1');
  });
});

describe('Tensor', () => {
  const scope = {} as TraceScope;
  const tensor = new Tensor(scope, 7, float32(2, 3));

  it('has a rank, and axes from both ends', () => {
    expect([tensor.rank, tensor.size(0), tensor.size(1), tensor.size(-1), tensor.size(-2)]).toEqual([2, 2, 3, 3, 2]);
    expect([tensor.id, tensor.dtype, tensor.shape, tensor.scope]).toEqual([7, 'float32', [2, 3], scope]);
  });

  it.each([2, -3])('has no axis %i', (axis) => {
    expect(() => tensor.size(axis)).toThrow(`no axis ${axis} in a tensor of shape [2,3]`);
  });

  it('is the first of the outputs, which there must be', () => {
    expect(single([tensor, new Tensor(scope, 8, float32())])).toBe(tensor);
    expect(() => single([])).toThrow(RangeError);
    expect(() => single([undefined, tensor])).toThrow('the first operand or output is missing');
  });

  it('comes in pairs and triples, from which none may be missing', () => {
    expect(pair(['a', 'b', 'c'])).toEqual(['a', 'b']);
    expect(triple(['a', 'b', 'c', 'd'])).toEqual(['a', 'b', 'c']);
    expect(() => pair([undefined, 'b'])).toThrow(new RangeError('the first operand or output is missing'));
    for (const few of [pair, triple])
      expect(() => few(['a'])).toThrow(new RangeError('the second operand or output is missing'));
    expect(() => triple(['a', 'b'])).toThrow(new RangeError('the third operand or output is missing'));
  });

  it('is the gradient of a first output, where no other has one', () => {
    expect(firstGradient('op', [tensor])).toBe(tensor);
    expect(firstGradient('op', [tensor, undefined])).toBe(tensor);
    for (const others of [[undefined], [undefined, tensor], [tensor, tensor], [tensor, undefined, tensor]]) {
      expect(() => firstGradient('op', others)).toThrow('only the first output of op has a gradient');
    }
  });
});
