import { PbfWriter } from 'pbf';
import { describe, expect, it } from 'vitest';
import { describeForeignModel } from './foreign.ts';

/** Messages of onnx.proto, by field number; numbers are varints. */
type Field = readonly [number, string | number | readonly Field[]];

function message(fields: readonly Field[]): Uint8Array {
  const pbf = new PbfWriter();
  for (const [number, value] of fields) {
    if (typeof value === 'number') pbf.writeVarintField(number, value);
    else if (typeof value === 'string') pbf.writeStringField(number, value);
    else pbf.writeBytesField(number, message(value));
  }
  return pbf.finish();
}

const location = (file: string): Field => [
  13,
  [
    [1, 'location'],
    [2, file],
  ],
];
const away = (file: string): readonly Field[] => [
  [8, 'w'],
  location(file),
  [
    13,
    [
      [1, 'offset'],
      [2, '0'],
    ],
  ],
  [14, 1],
];
const node = (...fields: readonly Field[]): Field => [1, [[4, 'Relu'], ...fields]];
const graph = (...fields: readonly Field[]): Field => [7, [node(), ...fields]];

describe('weights in other files are found', () => {
  it.each<[string, readonly Field[]]>([
    ['an initialiser', [graph([5, away('w.bin')])]],
    ['an initialiser that does not say where it is', [graph([5, [location('w.bin')]])]],
    ['a sparse initialiser’s values', [graph([15, [[1, away('w.bin')]]])]],
    ['a sparse initialiser’s indices', [graph([15, [[2, away('w.bin')]]])]],
    ['a constant', [graph(node([5, [[5, away('w.bin')]]]))]],
    [
      'one of several tensors of an attribute',
      [
        graph(
          node([
            5,
            [
              [10, []],
              [10, away('w.bin')],
            ],
          ]),
        ),
      ],
    ],
    ['a sparse tensor of an attribute', [graph(node([5, [[22, [[1, away('w.bin')]]]]]))]],
    ['a branch of an If', [graph(node([5, [[6, [node(), [5, away('w.bin')]]]]]))]],
    ['one of several graphs of an attribute', [graph(node([5, [[11, [[5, away('w.bin')]]]]]))]],
    ['a function', [graph(), [25, [[7, [[5, [[5, away('w.bin')]]]]]]]]],
    ['the default of a function’s attribute', [graph(), [25, [[11, [[5, away('w.bin')]]]]]]],
    ['the graph of a training', [graph(), [20, [[2, [[5, away('w.bin')]]]]]]],
    ['a graph that is written in two parts', [graph(), [7, [[5, away('w.bin')]]]]],
  ])('in %s', (_, fields) => {
    expect(describeForeignModel(message(fields)).external).toEqual(['w.bin']);
  });

  it('also where the file has no name', () => {
    expect(describeForeignModel(message([graph([5, [[14, 1]]])])).external).toEqual(['a file without a name']);
  });
});

it('a model in one file has none, whatever its tensors are called', () => {
  const tensor: readonly Field[] = [
    [1, 4],
    [2, 1],
    [8, 'location'],
    [9, 'w.bin'],
    [14, 0],
  ];
  expect(describeForeignModel(message([graph([5, tensor])]))).toEqual({ external: [], domains: [''] });
});

it('domains are those of the operators that it does not define itself', () => {
  const own: Field = [
    25,
    [
      [1, 'Twice'],
      [10, 'mine'],
      [
        7,
        [
          [4, 'Add'],
          [7, 'deep'],
        ],
      ],
    ],
  ];
  const model = [graph(node([7, 'mine']), node([7, 'com.microsoft'])), own];
  expect([...describeForeignModel(message(model)).domains].sort()).toEqual(['', 'com.microsoft', 'deep']);
});

it('what is no model is refused', () => {
  let nested: readonly Field[] = [node()];
  for (let i = 0; i < 200; i++) nested = [node([5, [[6, nested]]])];
  const cut = message([graph([5, away('w.bin')])]);
  for (const bytes of [
    new Uint8Array(),
    Uint8Array.of(1, 2, 3),
    cut.subarray(0, cut.length - 4),
    message([[1, 8]]),
    message([[7, nested]]),
  ])
    expect(() => describeForeignModel(bytes)).toThrow(RangeError);
});
